import type { LocalModel } from '../models/store.ts'
import { createKeyer } from '../cache/cache-key.ts'
import type { Logger } from '../logger.ts'
import type { ReadyMessage } from './protocol.ts'
import { Scheduler, type ScheduledResult } from './scheduler.ts'
import type { SpareThread } from './spare-thread.ts'
import { WorkerPool, type WorkerLoss } from './worker-pool.ts'

export interface ModelInstanceEvents {
  onRun?: (result: ScheduledResult) => void
  onWorkerLost?: (loss: WorkerLoss) => void
}

export interface ModelInstanceOptions {
  workerUrl: URL
  workers: number
  queueLimit: number
  /** Milliseconds in which a request must be answered; a run may take half, so that its one retry still fits. */
  predictTimeoutMs: number
  logger: Logger
  events?: ModelInstanceEvents
  /** The first worker's thread, where one was started ahead. */
  spare?: SpareThread
}

/** Loading 500 MB of weights from a slow disk is slow, but not slower than this. */
const START_TIMEOUT_MS = 120_000

/** A loaded model with its workers and its queue: everything that answers for one model. */
export class ModelInstance {
  readonly model: LocalModel
  readonly labels: readonly string[]
  readonly maxTokens: number
  readonly pool: WorkerPool
  readonly scheduler: Scheduler
  /** The cache key of a preprocessed text under this model. */
  readonly keyOf: (text: string) => string

  private constructor (model: LocalModel, pool: WorkerPool, scheduler: Scheduler, ready: ReadyMessage) {
    this.model = model
    this.pool = pool
    this.scheduler = scheduler
    this.labels = ready.labels
    this.maxTokens = ready.maxTokens
    this.keyOf = createKeyer(model.spec)
  }

  /** Starts the workers; resolves when the first is ready. Rejects with LoadFailedError or WorkerLostError. */
  static async start (model: LocalModel, options: ModelInstanceOptions): Promise<ModelInstance> {
    const { dtype, labels } = model.spec
    const { events, spare } = options
    let told = false
    const pool = new WorkerPool({
      size: options.workers,
      workerUrl: options.workerUrl,
      ...(spare && { spare }),
      startup: { directory: model.directory, dtype, ...(labels && { labels }) },
      startTimeoutMs: START_TIMEOUT_MS,
      runTimeoutMs: options.predictTimeoutMs / 2,
      onWorkerReady: ({ lanesProblem }) => {
        if (lanesProblem === undefined || told) return
        told = true
        options.logger.info({ model: model.spec.name, reason: lanesProblem }, 'This model computes one text a run')
      },
      onWorkerLost: (loss) => {
        options.logger.error(
          { reason: loss.reason.message, restartInMs: loss.restartInMs },
          loss.restartInMs === undefined ? 'Inference worker given up: its replacements do not start' : 'Inference worker lost'
        )
        events?.onWorkerLost?.(loss)
      }
    })
    const ready = await pool.start()
    const scheduler = new Scheduler({
      runner: pool,
      limit: options.queueLimit,
      initialRunMs: ready.warmupMs,
      ...(events?.onRun && { onRun: events.onRun })
    })
    return new ModelInstance(model, pool, scheduler, ready)
  }

  /** Lets queued work finish, then ends the workers. */
  async drain (): Promise<void> {
    await this.scheduler.drained()
    await this.pool.close()
  }
}
