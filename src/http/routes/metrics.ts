import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

/** `GET /metrics`: the service's series for Prometheus, unless METRICS_PORT serves them. */
const metricsRoute: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const { config, metrics } = app
  if (config.METRICS_PORT === 0) {
    app.get('/metrics', {
      schema: {
        summary: 'Metrics in the Prometheus text format',
        operationId: 'metrics',
        tags: ['status'],
        response: { 200: { description: 'All series', content: { 'text/plain': { schema: Type.String() } } } }
      }
    }, async (_request, reply) => {
      const body = await metrics.render()
      return await reply.type(metrics.contentType).header('cache-control', 'no-store').send(body)
    })
  }
  done()
}

/** Serves `/metrics` only, on METRICS_PORT of API_HOST, while the service listens. */
export function serveOnMetricsPort (app: FastifyInstance): void {
  const { config: { API_HOST: host, METRICS_PORT: port }, connections, metrics } = app
  const server = connections.createServer((request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end()
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      metrics.render().then((body) => {
        response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(body)
      }, (error: unknown) => {
        app.log.error({ err: error }, 'Could not collect the metrics')
        response.writeHead(500).end()
      })
    }
  })
  app.addHook('onReady', async () => {
    server.listen({ host, port })
    await once(server, 'listening')
    app.log.info(`Metrics served at http://${host}:${port}/metrics`)
  })
  app.addHook('onClose', async () => {
    if (!server.listening) return
    server.close()
    server.closeIdleConnections()
    await once(server, 'close')
  })
}

export default metricsRoute
