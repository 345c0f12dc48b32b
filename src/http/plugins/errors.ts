import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { clientAddress } from '../../auth/guard.ts'
import { MethodNotAllowedError, NotFoundError } from '../../errors.ts'
import { sendProblem } from '../problem.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Errors as problem details: 404 for unknown paths, 405 for methods that a path does not support. Registered after the
 * plugins whose hooks must see every request, such as metrics.
 */
export default fp((app: FastifyInstance, _options, done) => {
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    app.guard.countRefused(clientAddress(request.ip))
    const path = request.url.split('?', 1)[0] as string
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null)
    // CORS answers OPTIONS for any path, so OPTIONS alone does not make a path known. A wildcard route may find no such file.
    if (allowed.every((method) => method === 'OPTIONS') || allowed.includes(request.method as HTTPMethods)) throw new NotFoundError()
    void reply.header('allow', allowed.join(', '))
    throw new MethodNotAllowedError(allowed.join(', '))
  }
  // Before the body is read: an error in the body is not what is wrong.
  app.addHook('onRequest', (request, reply, next) => {
    if (request.is404) refuse(request, reply)
    next()
  })
  app.setNotFoundHandler(refuse)
  app.setErrorHandler(sendProblem)
  done()
}, { name: 'errors', dependencies: ['request-end', 'auth'] })
