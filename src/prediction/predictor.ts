import type { CacheResult, PredictionCache } from '../cache/prediction-cache.ts'
import { BatchSizeError, TimeoutError, UnreadableError } from '../errors.ts'
import type { ModelInstance } from '../inference/model-instance.ts'
import type { ModelManager } from '../inference/model-manager.ts'
import { Flow, type ComputedText } from '../inference/queued-text.ts'
import { checkTruncation, toTimings, type PredictionSet, type PredictionTrace } from './answer.ts'
import { isUnreadable, checkText, preprocess } from './text.ts'

/** A wait that is aborted when the client disconnects or the deadline passes. */
class Wait {
  readonly #controller = new AbortController()
  readonly signal = this.#controller.signal
  readonly #client: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #onDisconnect = (): void => this.#controller.abort(this.#client.reason)

  constructor (client: AbortSignal, deadline: number, timeoutMs: number) {
    this.#client = client
    this.#timer = setTimeout(() => this.#controller.abort(new TimeoutError(timeoutMs)), deadline - performance.now())
    client.addEventListener('abort', this.#onDisconnect)
    if (client.aborted) this.#onDisconnect()
  }

  end (): void {
    clearTimeout(this.#timer)
    this.#client.removeEventListener('abort', this.#onDisconnect)
  }
}

export interface PredictorOptions {
  modelManager: ModelManager
  cache: PredictionCache<ComputedText>
  maxTextLength: number
  maxBatchSize: number
  /** Milliseconds in which a request must be answered. */
  timeoutMs: number
  /** Notified of every request that reached the cache, answered or not. */
  onTrace?: (trace: PredictionTrace) => void
}

export interface PredictOptions {
  /** False: a text beyond the model's token limit fails with TEXT_TOO_LONG; true: it is truncated and marked. */
  truncate: boolean
  /** True: a text in a script that the model cannot read fails with UNREADABLE; false: it is answered and marked. */
  refuseUnreadable?: boolean
  /** Returns a signal that aborts when the client disconnects. Called only if a text must be computed. */
  signal: () => AbortSignal
  /** Sender of the request (a key or an address), the first level of fairness in the queue. Default: the same for all. */
  caller?: string
  /** The flow of a stream, shared by its texts: they wait in the queue instead of being rejected. Check `canStart` first. */
  flow?: Flow
  /** Index of the first text in the client's request, for messages. */
  firstIndex?: number
  /** When the request must be answered, on `performance.now()`'s clock; default: `timeoutMs` from now. */
  deadline?: number
}

/** Texts of a stream in progress at the same time: enough for a round trip to Redis and for several runs of all workers. */
const STREAM_WINDOW = 64
const STREAM_WINDOW_PER_WORKER = 4

/** Predicts texts: validation and preprocessing, then the cache, then the model. */
export class Predictor {
  readonly #options: PredictorOptions

  constructor (options: PredictorOptions) {
    this.#options = options
  }

  /**
   * Predicts each text, in order; equal texts are computed once.
   * @throws EMPTY_TEXT, TEXT_TOO_LONG, BATCH_SIZE, UNREADABLE, OVERLOADED, NOT_READY and TIMEOUT of the error catalogue
   */
  async predict (texts: readonly string[], options: PredictOptions): Promise<PredictionSet> {
    const { modelManager, maxBatchSize, maxTextLength, timeoutMs, onTrace } = this.#options
    const { firstIndex = 0, deadline = performance.now() + timeoutMs } = options
    if (texts.length === 0 || texts.length > maxBatchSize) throw new BatchSizeError(texts.length, maxBatchSize)
    texts.forEach((text, index) => checkText(text, firstIndex + index, maxTextLength))
    const instance = modelManager.requireModel()
    const unreadable = texts.map((text) => isUnreadable(text, instance.model.spec.scripts))
    if (options.refuseUnreadable === true && unreadable.includes(true)) throw new UnreadableError(firstIndex + unreadable.indexOf(true))
    const trace: PredictionTrace = { texts: texts.length, startedAt: performance.now(), cacheMs: 0, queuedAt: undefined, computed: [], answer: undefined, error: undefined }
    try {
      const results = await this.#getOrCompute(instance, texts.map(preprocess), { options, deadline, trace })
      if (trace.queuedAt !== undefined) trace.computed = [...new Set(results.flatMap(({ computed }) => computed ?? []))]
      const predictions = results.map(({ classification, computed }, index) => ({ classification, cached: computed === undefined, unreadable: unreadable[index] as boolean }))
      if (!options.truncate) checkTruncation(predictions, firstIndex, instance.maxTokens)
      const { labels, modelLabels, scoreFunction, maxTokens, model: { spec: { name: model } } } = instance
      trace.answer = { labels, scoreFunction, predictions }
      return { model, labels, modelLabels, scoreFunction, maxTokens, predictions, timings: toTimings(trace) }
    } catch (error) {
      trace.error = error
      // The model was replaced during the request.
      if ((error as { code?: string }).code === 'NOT_READY' && modelManager.instance !== instance) return await this.predict(texts, { ...options, deadline })
      throw error
    } finally {
      onTrace?.(trace)
    }
  }

  /** Whether a stream of `caller` with `inFlight` texts in progress may start another; always true for 0. */
  canStart (inFlight: number, caller = ''): boolean {
    const { modelManager, timeoutMs } = this.#options
    if (inFlight >= Math.max(STREAM_WINDOW, STREAM_WINDOW_PER_WORKER * modelManager.workers)) return false
    return modelManager.instance?.canEnqueue(inFlight, caller, timeoutMs) ?? inFlight === 0
  }

  async #getOrCompute (
    instance: ModelInstance, texts: readonly string[], { options, deadline, trace }: { options: PredictOptions, deadline: number, trace: PredictionTrace }
  ): Promise<CacheResult<ComputedText>[]> {
    const { cache, timeoutMs } = this.#options
    const { signal, caller = '', flow } = options
    let wait: Wait | undefined
    try {
      return await cache.getOrCompute(texts.map(instance.toCacheKey), texts, {
        labelCount: instance.labels.length,
        trace,
        compute: (missing) => instance.classify(missing, { flow: flow ?? new Flow(caller), deadline, waits: flow !== undefined }),
        signal: () => {
          wait = new Wait(signal(), deadline, timeoutMs)
          return wait.signal
        }
      })
    } finally {
      wait?.end()
    }
  }
}
