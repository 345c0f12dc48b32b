import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** `x-request-id` on every answer, and one log line a request: debug if answered, info if refused or given up, error if failed. */
export default fp((app: FastifyInstance, _options, done) => {
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-request-id', request.id)
    next()
  })
  app.onRequestEnd((request, reply, statusCode) => {
    const level = statusCode === 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug'
    // The route, not the URL: a query string may hold anything.
    const route = request.routeOptions.url ?? '(none)'
    request.log[level]({ method: request.method, route, statusCode, ms: Math.round(reply.elapsedTime * 100) / 100 }, 'request')
  })
  done()
}, { name: 'request-log', dependencies: ['request-end'] })
