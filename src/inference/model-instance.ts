import type { Logger } from '../logger.ts'
import type { LocalModel } from '../models/store.ts'
import type { DefaultScoreFunction } from './model-config.ts'
import { WARMUP_TEXT, type ReadyMessage } from './protocol.ts'
import { estimateCost, type ComputedText, type Flow } from './queued-text.ts'
import { Scheduler, type PendingText } from './scheduler.ts'
import { WorkerPool, type WorkerLoss } from './worker-pool.ts'
import { hash } from 'node:crypto'

/** Everything that an answer depends on besides the text. */
export interface ModelIdentity {
  name: string
  revision: string
  dtype: string
  /** Hash of the loaded files: models with the same name and different files must not share keys. */
  digest: string
}

/** Must be incremented when the preprocessing or the stored value changes: older values become misses. */
const FORMAT = 2

/**
 * Returns a function that maps a preprocessed text to its cache key: SHA-256 over model and text, so that Redis contains no
 * text. The identity is encoded as JSON, which is unambiguous.
 */
export function createKeyer ({ name, revision, dtype, digest }: ModelIdentity): (text: string) => string {
  const prefix = Buffer.from(`${JSON.stringify([name, revision, dtype, digest])}\0`)
  return (text) => {
    const input = Buffer.allocUnsafe(prefix.length + 2 * text.length)
    prefix.copy(input)
    // UTF-16, as in JavaScript: UTF-8 would replace every lone surrogate by U+FFFD and map different texts to one key.
    input.write(text, prefix.length, 'utf16le')
    return `sentiment:${FORMAT}:${hash('sha256', input, 'base64url')}`
  }
}

export interface ModelInstanceEvents {
  onTextComputed?: (result: ComputedText) => void
  onWorkerLost?: (loss: WorkerLoss) => void
}

export interface ModelInstanceOptions {
  /** The built worker (dist/inference/worker.js). */
  workerUrl: URL
  workers: number
  queueLimit: number
  /** Milliseconds in which a request must be answered. A run may take half of it, so that it can be repeated once. */
  predictTimeoutMs: number
  logger: Logger
  events?: ModelInstanceEvents
}

export interface ClassifyOptions {
  flow: Flow
  /** When the request must be answered, on `performance.now()`'s clock. */
  deadline: number
  /** True for the texts of a stream, which wait instead of being rejected; see `canEnqueue`. */
  waits: boolean
}

/** Enough to load 500 MB of weights from a slow disk. */
const START_TIMEOUT_MS = 120_000

/** A loaded model with its workers and its queue. */
export class ModelInstance {
  readonly model: LocalModel
  /** In the order of the logits, with the model's spelling. */
  readonly modelLabels: readonly string[]
  /** The same in lower case, unless two of them would be equal, as with `Negative` and `negative`. */
  readonly labels: readonly string[]
  readonly scoreFunction: DefaultScoreFunction
  readonly maxTokens: number
  /** Returns the cache key of a preprocessed text under this model. */
  readonly toCacheKey: (text: string) => string
  readonly pool: WorkerPool
  readonly #scheduler: Scheduler

  private constructor (model: LocalModel, pool: WorkerPool, scheduler: Scheduler, ready: ReadyMessage) {
    this.model = model
    this.pool = pool
    this.#scheduler = scheduler
    this.modelLabels = ready.labels
    const lowerCase = ready.labels.map((label) => label.toLowerCase())
    this.labels = new Set(lowerCase).size === lowerCase.length ? lowerCase : ready.labels
    this.scoreFunction = ready.scoreFunction
    this.maxTokens = ready.maxTokens
    this.toCacheKey = createKeyer({ ...model.spec, digest: model.digest })
  }

  /** Starts the workers; resolves when the first is ready. Rejects with LoadFailedError or WorkerLostError. */
  static async start (model: LocalModel, options: ModelInstanceOptions): Promise<ModelInstance> {
    const { dtype, labels } = model.spec
    const { events, logger } = options
    let logged = false
    const pool = new WorkerPool({
      size: options.workers,
      workerUrl: options.workerUrl,
      load: { directory: model.directory, dtype, ...(labels && { labels }) },
      startTimeoutMs: START_TIMEOUT_MS,
      runTimeoutMs: options.predictTimeoutMs / 2,
      onWorkerReady: ({ batchingDisabledReason: reason }) => {
        if (reason === undefined || logged) return
        logged = true
        logger.info({ model: model.spec.name, reason }, 'Model runs one text at a time')
      },
      onWorkerLost: (loss) => {
        const { reason: { message: reason }, restartInMs } = loss
        logger.error({ reason, restartInMs }, restartInMs === undefined ? 'Inference worker given up: its replacements do not start' : 'Inference worker lost')
        events?.onWorkerLost?.(loss)
      }
    })
    const ready = await pool.start()
    const scheduler = new Scheduler({
      runner: pool,
      limit: options.queueLimit,
      initialMsPerCost: ready.warmupMs / estimateCost(WARMUP_TEXT),
      ...(events?.onTextComputed && { onTextComputed: events.onTextComputed })
    })
    return new ModelInstance(model, pool, scheduler, ready)
  }

  /**
   * Queues preprocessed texts of one flow; returns one pending result per text, in order.
   * @throws OVERLOADED, BATCH_SIZE or NOT_READY, before any text is queued
   */
  classify (texts: readonly string[], { flow, deadline, waits }: ClassifyOptions): PendingText[] {
    if (!waits) this.#scheduler.admit(texts, flow.caller, deadline)
    return this.#scheduler.enqueue(texts, flow)
  }

  /** Whether a stream of `caller` with `inFlight` texts in progress may enqueue another within `budgetMs`; always true for 0. */
  canEnqueue (inFlight: number, caller: string, budgetMs: number): boolean {
    return this.#scheduler.canEnqueue(inFlight, caller, budgetMs)
  }

  /** Texts that wait for a worker, texts in runs, and the estimated milliseconds until all are computed. */
  get queue (): { depth: number, running: number, drainMs: number } {
    const { depth, running, drainMs } = this.#scheduler
    return { depth, running, drainMs }
  }

  /** Lets queued texts finish, then ends the workers. */
  async drain (): Promise<void> {
    await this.#scheduler.drained()
    await this.pool.close()
  }
}
