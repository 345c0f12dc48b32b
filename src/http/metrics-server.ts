import { once } from 'node:events'
import { createServer } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../telemetry/metrics/metrics.ts'

/** Serves `/metrics`, and nothing else, on METRICS_PORT of API_HOST while the service listens. */
export function serveMetrics (app: FastifyInstance, metrics: Metrics): void {
  const { API_HOST: host, METRICS_PORT: port } = app.config
  const server = createServer((request, response) => {
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
