import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ValidationError } from '../../errors.ts'

/**
 * What Node would refuse itself, with an empty answer that no log and no metric sees: a request without Host is refused in
 * the contract's words (RFC 9112, section 3.2), and an expectation that nobody knows is left unmet (RFC 9110, section
 * 10.1.1). Needs the server option `requireHostHeader: false`.
 */
export default fp((app: FastifyInstance, _options, done) => {
  app.server.on('checkExpectation', (request, response) => { app.server.emit('request', request, response) })
  app.addHook('onRequest', ({ raw }, _reply, next) => {
    if (raw.headers.host === undefined && raw.httpVersion !== '1.0') throw new ValidationError('An HTTP/1.1 request has a Host header')
    next()
  })
  done()
}, { name: 'strict-http', dependencies: ['errors'] })
