import type { FastifyInstance, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { MethodNotAllowedError, NotFoundError } from '../errors.ts'
import { sendProblem } from '../http/problem.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Errors as problem details, 404 and 405 included. */
export default fp((app: FastifyInstance, _options, done) => {
  app.decorateReply('problemCode', undefined)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null)
    if (allowed.length === 0) throw new NotFoundError()
    void reply.header('allow', allowed.join(', '))
    throw new MethodNotAllowedError(allowed.join(', '))
  })
  done()
}, { name: 'errors' })
