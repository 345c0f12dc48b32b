import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

/** `/metrics`: the service's series for Prometheus, unless METRICS_PORT serves them on a port of their own. */
const metricsRoute: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const { metrics, config } = app
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

export default metricsRoute
