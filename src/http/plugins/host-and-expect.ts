import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ValidationError } from '../../errors.ts'

/**
 * Answers what Node would refuse itself, with an empty answer that is in no log and no metric: a request without Host is
 * refused as problem details (RFC 9112, section 3.2), and an unknown expectation is ignored (RFC 9110, section 10.1.1).
 * Needs the server option `requireHostHeader: false`.
 */
export default fp((app: FastifyInstance, _options, done) => {
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })
  app.addHook('onRequest', ({ raw }, _reply, next) => {
    if (raw.headers.host === undefined && raw.httpVersion !== '1.0') throw new ValidationError('An HTTP/1.1 request must have a Host header')
    next()
  })
  done()
}, { name: 'host-and-expect', dependencies: ['request-end'] })
