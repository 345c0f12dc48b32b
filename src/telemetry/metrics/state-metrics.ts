import { Gauge, type Registry } from 'prom-client'
import type { WorkerState } from '../../inference/worker-pool.ts'
import type { Health } from '../../http/schemas/status.ts'
import { setTo } from './gauge.ts'

/** What the service is in at a moment. */
export interface ServiceState {
  health: Health
  /** The models that may answer: the requested one, and its fallback if there is one. */
  models: readonly ModelLabels[]
  workers: Readonly<Record<WorkerState, number>>
  /** Texts that workers are busy with. */
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

/** Gauges that are read when somebody scrapes. Of a set of states, the one that holds is 1 and the others are 0. */
export function registerStateMetrics (registry: Registry, read: () => ServiceState): void {
  const value = (name: string, help: string, of: (state: ServiceState) => number): void => {
    void new Gauge({ name, help, registers: [registry], collect: setTo(() => of(read())) })
  }
  const states = (name: string, help: string, label: string, of: (state: ServiceState) => Iterable<readonly [state: string, value: number]>): void => {
    void new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect () {
        for (const [state, value] of of(read())) this.set({ [label]: state }, value)
      }
    })
  }
  states('sentiment_health', 'Whether /health says this status', 'status', ({ health }) => STATUSES.map((status) => [status, Number(health.status === status)]))
  states('sentiment_redis', 'Whether Redis is in this state; off where none is configured', 'state', ({ health }) => REDIS_STATES.map((state) => [state, Number(health.cache.redis === state)]))
  states('sentiment_workers', 'Inference workers by state', 'state', ({ workers }) => Object.entries(workers))
  value('sentiment_queue_depth', 'Texts that wait for a worker', ({ health }) => health.queue.depth)
  value('sentiment_queue_limit', 'Texts that may wait for a worker', ({ health }) => health.queue.limit)
  value('sentiment_texts_running', 'Texts that workers are busy with', ({ running }) => running)
  value('sentiment_cache_entries', 'Answers kept in memory', ({ health }) => health.cache.memory.entries)
  value('sentiment_cache_entries_limit', 'Answers that may be kept in memory', ({ cacheLimit }) => cacheLimit)
  registerModelInfo(registry, read)
}

function registerModelInfo (registry: Registry, read: () => ServiceState): void {
  void new Gauge({
    name: 'sentiment_model_info',
    help: 'The models that may answer: 1 for the one that does',
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
