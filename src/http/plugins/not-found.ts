import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { MethodNotAllowedError, NotFoundError } from '../../errors.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** 404 for unknown paths, 405 for methods that a path does not have. After the plugins that see every request, such as metrics. */
export default fp((app: FastifyInstance, _options, done) => {
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null)
    // CORS answers OPTIONS for any path, so OPTIONS alone makes none; a route of many paths, such as files', may find that
    // this one is not there.
    if (allowed.every((method) => method === 'OPTIONS') || allowed.includes(request.method as HTTPMethods)) throw new NotFoundError()
    void reply.header('allow', allowed.join(', '))
    throw new MethodNotAllowedError(allowed.join(', '))
  }
  // Before the body is read: what is wrong with it is not what is wrong.
  app.addHook('onRequest', (request, reply, next) => {
    if (request.is404) refuse(request, reply)
    next()
  })
  app.setNotFoundHandler(refuse)
  done()
}, { name: 'not-found', dependencies: ['errors'] })
