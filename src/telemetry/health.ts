import type { CacheStats } from '../cache/prediction-cache.ts'
import type { ModelManager } from '../inference/model-manager.ts'
import { VERSION } from '../version.ts'

/** Whether predictions are answered, and by what: the body of `/health` and the source of the state metrics. */
export interface Health {
  status: 'ok' | 'degraded' | 'starting' | 'stopping' | 'down'
  model: {
    /** The model that answers; null before there is one. */
    name: string | null
    requested: string
    revision: string | null
    dtype: string | null
    /** Whether another model than the requested one answers. */
    fallback: boolean
  }
  workers: { ready: number, total: number }
  queue: { depth: number, limit: number }
  cache: { memory: { entries: number }, redis: 'up' | 'down' | 'off' }
  uptimeSeconds: number
  version: string
}

export interface HealthSources {
  modelManager: ModelManager
  predictionCache: { readonly stats: CacheStats }
  queueLimit: number
  /** Whether the service is shutting down. */
  stopping: boolean
}

/** The service's health now. */
export function readHealth ({ modelManager, predictionCache, queueLimit, stopping }: HealthSources): Health {
  const { instance, requested, state } = modelManager
  const spec = instance?.model.spec
  const fallback = spec !== undefined && spec.name !== requested.name
  const { memory, redis } = predictionCache.stats
  const serving = fallback || redis === 'down' ? 'degraded' : 'ok'
  return {
    status: stopping ? 'stopping' : state === 'ready' ? serving : state,
    model: {
      name: spec?.name ?? null,
      requested: requested.name,
      revision: spec?.revision ?? null,
      dtype: spec?.dtype ?? null,
      fallback
    },
    workers: { ready: instance?.pool.ready ?? 0, total: instance?.pool.size ?? modelManager.workers },
    queue: { depth: instance?.queue.depth ?? 0, limit: queueLimit },
    cache: { memory: { entries: memory.entries }, redis },
    uptimeSeconds: Math.floor(process.uptime()),
    version: VERSION
  }
}
