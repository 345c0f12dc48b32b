import { Gauge, type Registry } from 'prom-client'
import type { WorkerState } from '../../inference/worker-pool.ts'
import { setTo } from './series.ts'
import type { CacheStats } from '../../cache/prediction-cache.ts'
import type { ModelManager } from '../../inference/model-manager.ts'
import { VERSION } from '../../logger.ts'

/** Whether predictions are answered, and by which model: the body of `/health` and the source of the state metrics. */
export interface Health {
  status: 'ok' | 'degraded' | 'starting' | 'stopping' | 'down'
  model: {
    /** The model that answers; null before there is one. */
    name: string | null
    requested: string
    revision: string | null
    dtype: string | null
    /** Whether a model other than the requested one answers. */
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

/** The state of the service at one moment. */
export interface ServiceState {
  health: Health
  /** The models that may answer: the requested one, and its fallback if there is one. */
  models: readonly ModelLabels[]
  workers: Readonly<Record<WorkerState, number>>
  /** Texts being computed by workers. */
  running: number
  cacheLimit: number
}

export interface ModelLabels {
  name: string
  revision: string
  dtype: string
  fallback: boolean
}

const STATUSES: readonly Health['status'][] = ['ok', 'degraded', 'starting', 'stopping', 'down']
const REDIS_STATES: readonly Health['cache']['redis'][] = ['up', 'down', 'off']

/** Registers gauges that are read at each scrape. For a set of states, the current one is 1 and the others are 0. */
export function registerStateMetrics (registry: Registry, read: () => ServiceState): void {
  const value = (name: string, help: string, get: (state: ServiceState) => number): void => {
    void new Gauge({ name, help, registers: [registry], collect: setTo(() => get(read())) })
  }
  const states = (name: string, help: string, label: string, list: (state: ServiceState) => Iterable<readonly [state: string, value: number]>): void => {
    void new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect () {
        for (const [state, value] of list(read())) this.set({ [label]: state }, value)
      }
    })
  }
  states('sentiment_health', 'Status reported by /health: 1 for the current one', 'status', ({ health }) => STATUSES.map((status) => [status, Number(health.status === status)]))
  states('sentiment_redis', 'State of the Redis connection: 1 for the current one; off if none is configured', 'state', ({ health }) => REDIS_STATES.map((state) => [state, Number(health.cache.redis === state)]))
  states('sentiment_workers', 'Inference workers by state', 'state', ({ workers }) => Object.entries(workers))
  value('sentiment_queue_depth', 'Texts waiting for a worker', ({ health }) => health.queue.depth)
  value('sentiment_queue_limit', 'Maximum number of texts waiting for a worker', ({ health }) => health.queue.limit)
  value('sentiment_texts_running', 'Texts being computed by workers', ({ running }) => running)
  value('sentiment_cache_entries', 'Answers in the memory cache', ({ health }) => health.cache.memory.entries)
  value('sentiment_cache_entries_limit', 'Maximum number of answers in the memory cache', ({ cacheLimit }) => cacheLimit)
  registerModelInfo(registry, read)
}

function registerModelInfo (registry: Registry, read: () => ServiceState): void {
  void new Gauge({
    name: 'sentiment_model_info',
    help: 'The requested model and its fallback: 1 for the one that answers',
    labelNames: ['name', 'revision', 'dtype', 'fallback'],
    registers: [registry],
    collect () {
      const { health, models } = read()
      for (const { name, revision, dtype, fallback } of models) {
        this.set({ name, revision, dtype, fallback: String(fallback) }, Number(health.model.name === name))
      }
    }
  })
}
