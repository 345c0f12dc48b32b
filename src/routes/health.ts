import type { FastifyInstance } from 'fastify'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Health } from '../schemas/status.ts'
import { VERSION } from '../version.ts'

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

function healthOf (app: FastifyInstance): Health {
  const { modelHost: host, predictionCache: cache, config } = app
  const { runtime, requested } = host
  const spec = runtime?.model.spec
  const fallback = spec !== undefined && spec.name !== requested.name
  const { memory, redis } = cache.stats
  return {
    status: statusOf(app, fallback || redis === 'down'),
    model: {
      name: spec?.name ?? null,
      requested: requested.name,
      revision: spec?.revision ?? null,
      dtype: spec?.dtype ?? null,
      fallback
    },
    workers: { ready: runtime?.pool.ready ?? 0, total: runtime?.pool.size ?? host.workers },
    queue: { depth: runtime?.scheduler.depth ?? 0, limit: config.QUEUE_LIMIT },
    cache: { memory: { entries: memory.entries }, redis },
    uptimeSeconds: Math.floor(process.uptime()),
    version: VERSION
  }
}

function statusOf (app: FastifyInstance, degraded: boolean): Health['status'] {
  if (app.lifecycle.stopping) return 'stopping'
  const { state } = app.modelHost
  if (state !== 'ready') return state
  return degraded ? 'degraded' : 'ok'
}

export default healthRoutes
