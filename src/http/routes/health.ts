import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type, type TSchema } from 'typebox'
import { Health } from '../schemas/status.ts'

const json = <const T extends TSchema>(schema: T) => ({ content: { 'application/json': { schema } } })

/** `/health` and `/health/ready` report whether predictions are answered; `/health/live` only that the process responds. */
const healthRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  for (const [url, operationId] of [['/health', 'health'], ['/health/ready', 'healthReady']] as const) {
    app.get(url, {
      schema: {
        summary: 'Whether predictions are answered, and by what',
        operationId,
        tags: ['status'],
        response: { 200: { description: 'ok or degraded', ...json(Health) }, 503: { description: 'starting, stopping or down', ...json(Health) } }
      }
    }, (_request, reply) => {
      const health = app.health()
      const serving = health.status === 'ok' || health.status === 'degraded'
      void reply.code(serving ? 200 : 503).header('cache-control', 'no-store').send(health)
    })
  }
  app.get('/health/live', {
    schema: {
      summary: 'Whether the process responds',
      operationId: 'healthLive',
      tags: ['status'],
      response: { 200: { description: 'The process responds, whether the model is loaded or not', ...json(Type.Object({ status: Type.Literal('live') })) } }
    }
  }, () => ({ status: 'live' as const }))
  done()
}

export default healthRoutes
