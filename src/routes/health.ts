import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { healthOf } from '../http/health.ts'
import { Health } from '../schemas/status.ts'

/** `/health` and `/health/ready` tell whether predictions are answered; `/health/live` only that the process serves. */
const healthRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  for (const url of ['/health', '/health/ready']) {
    app.get(url, {
      schema: { summary: 'Whether predictions are answered, and by what', response: { 200: Health, 503: Health } }
    }, (_request, reply) => {
      const health = healthOf(app)
      const serving = health.status === 'ok' || health.status === 'degraded'
      void reply.code(serving ? 200 : 503).header('cache-control', 'no-store').send(health)
    })
  }
  app.get('/health/live', {
    schema: { summary: 'Whether the process serves', response: { 200: Type.Object({ status: Type.Literal('live') }) } }
  }, () => ({ status: 'live' as const }))
  done()
}

export default healthRoutes
