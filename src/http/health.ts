import type { FastifyInstance } from 'fastify'
import type { Health } from './schemas/status.ts'
import { VERSION } from '../version.ts'

/** Whether predictions are answered, and by what. */
export function buildHealth (app: FastifyInstance): Health {
  const { modelManager: host, predictionCache: cache, config } = app
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
  const { state } = app.modelManager
  if (state !== 'ready') return state
  return degraded ? 'degraded' : 'ok'
}
