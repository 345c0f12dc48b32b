import { setMaxListeners } from 'node:events'
import type { Classification } from '../cache/classification.ts'
import type { PredictionCache } from '../cache/prediction-cache.ts'
import type { SingleFlight } from '../cache/single-flight.ts'
import { BatchSizeError, textTooLong, TimeoutError } from '../errors.ts'
import type { ModelManager } from '../inference/model-manager.ts'
import { Flow } from '../inference/fair-queue.ts'
import type { ModelInstance } from '../inference/model-instance.ts'
import type { ScheduledResult } from '../inference/scheduler.ts'
import { checkText } from './check-text.ts'
import type { Prediction, PredictionSet, StageTimings } from './answer.ts'
import { preprocess } from './text.ts'
import type { StreamFlow } from '../inference/stream-flow.ts'
import type { PredictionTrace } from './prediction-trace.ts'

export interface PredictorOptions {
  host: ModelManager
  cache: PredictionCache
  flights: SingleFlight<ScheduledResult>
  maxTextLength: number
  maxBatchSize: number
  timeoutMs: number
  /** Told of every request that was looked up, answered or not. */
  onTrail?: (trail: PredictionTrace) => void
}

export interface PredictOptions {
  /** False: a text beyond the model's token limit fails with TEXT_TOO_LONG; true: it is cut and marked. */
  truncate: boolean
  /** Aborts when the caller goes away. Asked for only when a text must be computed. */
  signal: () => AbortSignal
  /** The stream that the text is of: it is not refused at the door, but waits for its turn. Ask hasRoom first. */
  turn?: StreamFlow
  /** Place of the first text in what the caller sent, for messages. */
  firstIndex?: number
}

/** Texts of a stream that are under way at once: enough to fill a round trip to Redis, and every worker's next turn. */
const STREAM_WINDOW = 64
const STREAM_WINDOW_PER_WORKER = 4

/** The one door to a prediction: checks, preprocesses, asks the caches, shares or queues what is left. */
export class Predictor {
  readonly #options: PredictorOptions

  constructor (options: PredictorOptions) {
    this.#options = options
  }

  /**
   * Predicts each text, in order; equal texts are computed once.
   * @throws the catalogue's EMPTY_TEXT, TEXT_TOO_LONG, BATCH_SIZE, OVERLOADED, NOT_READY and TIMEOUT
   */
  async predict (texts: readonly string[], options: PredictOptions): Promise<PredictionSet> {
    const { truncate, signal, turn, firstIndex = 0 } = options
    const { host, maxBatchSize, maxTextLength } = this.#options
    if (texts.length === 0 || texts.length > maxBatchSize) throw new BatchSizeError(texts.length, maxBatchSize)
    texts.forEach((text, index) => checkText(text, firstIndex + index, maxTextLength))
    const runtime = host.requireModel()
    const request = new PredictRequest(this.#options, runtime, texts.map(preprocess))
    try {
      if (request.missing.length > 0) await request.complete(signal, turn?.on(runtime))
      const predictions = request.predictions()
      if (!truncate) predictions.forEach((prediction, index) => refuseTruncated(prediction, firstIndex + index, runtime.maxTokens))
      return { model: runtime.model.spec.name, labels: runtime.labels, predictions, timings: request.timings }
    } catch (error) {
      request.error = error
      // The model was replaced while the request was on its way to it.
      if ((error as { code?: string }).code === 'NOT_READY' && host.runtime !== runtime) return await this.predict(texts, options)
      throw error
    } finally {
      this.#options.onTrail?.(request)
    }
  }

  /** Whether a stream that has `inFlight` texts under way may send another; always for 0. */
  hasRoom (inFlight: number): boolean {
    const { host, timeoutMs } = this.#options
    if (inFlight >= Math.max(STREAM_WINDOW, STREAM_WINDOW_PER_WORKER * host.workers)) return false
    return host.runtime?.scheduler.hasRoom(inFlight, timeoutMs) ?? inFlight === 0
  }
}

type Missing = readonly [key: string, text: string]

/** The way of one request through caches and queue. */
class PredictRequest implements PredictionTrace {
  readonly timings: StageTimings = { cache: 0, queue: 0, inference: 0 }
  readonly startedAt = performance.now()
  readonly runs: ScheduledResult[] = []
  queuedAt: number | undefined
  error: unknown
  /** Preprocessed texts that memory lacks, by key. */
  readonly missing: readonly Missing[]
  readonly #options: PredictorOptions
  readonly #runtime: ModelInstance
  readonly #keys: string[]
  readonly #found = new Map<string, Classification>()
  readonly #computed = new Set<string>()

  constructor (options: PredictorOptions, runtime: ModelInstance, texts: readonly string[]) {
    this.#options = options
    this.#runtime = runtime
    this.#keys = texts.map(runtime.keyOf)
    const missing = new Map<string, string>()
    for (const [index, key] of this.#keys.entries()) {
      const hit = options.cache.getFromMemory(key)
      if (hit === undefined) missing.set(key, texts[index] as string)
      else this.#found.set(key, hit)
    }
    this.missing = [...missing]
    this.timings.cache = performance.now() - this.startedAt
  }

  get texts (): number {
    return this.#keys.length
  }

  get cacheMs (): number {
    return this.timings.cache
  }

  predictions (): Prediction[] {
    return this.#keys.map((key) => ({
      classification: this.#found.get(key) as Classification,
      cached: !this.#computed.has(key)
    }))
  }

  /** Finds or computes what memory lacks, within the request's deadline. */
  async complete (gone: () => AbortSignal, streamGroup?: Flow): Promise<void> {
    const start = performance.now()
    await this.#askRedis()
    const todo = this.#notFound()
    if (todo.length > 0) await this.#compute(todo, this.#options.timeoutMs - (performance.now() - start), gone, streamGroup)
  }

  async #askRedis (): Promise<void> {
    const { cache, flights } = this.#options
    const start = performance.now()
    const keys = this.missing.map(([key]) => key).filter((key) => !flights.has(key))
    if (keys.length === 0) return
    const hits = await cache.lookup(keys, this.#runtime.labels.length)
    for (const [index, hit] of hits.entries()) {
      if (hit !== undefined) this.#found.set(keys[index] as string, hit)
    }
    this.timings.cache += performance.now() - start
  }

  #notFound (): Missing[] {
    return this.missing.filter(([key]) => {
      if (this.#found.has(key)) return false
      // Another request may have computed it while Redis was asked.
      const hit = this.#options.cache.getFromMemory(key)
      if (hit !== undefined) this.#found.set(key, hit)
      return hit === undefined
    })
  }

  async #compute (todo: readonly Missing[], budgetMs: number, callerGone: () => AbortSignal, streamGroup: Flow | undefined): Promise<void> {
    const { flights, timeoutMs } = this.#options
    const own = todo.filter(([key]) => !flights.has(key)).length
    // Nothing is awaited between admission and submission: no other request can take the room in between.
    if (own > 0 && streamGroup === undefined) this.#runtime.scheduler.admit(own, budgetMs)
    this.queuedAt = performance.now()
    const gone = callerGone()
    const ending = new AbortController()
    // Each text of the request listens: from the eleventh on Node would warn of a leak.
    setMaxListeners(0, ending.signal)
    const timer = setTimeout(() => ending.abort(new TimeoutError(timeoutMs)), budgetMs)
    const onGone = (): void => ending.abort(gone.reason)
    gone.addEventListener('abort', onGone, { once: true })
    if (gone.aborted) onGone()
    const group = streamGroup ?? new Flow()
    try {
      await Promise.all(todo.map((missing) => this.#run(missing, group, ending.signal)))
    } catch (error) {
      // One text's failure fails the request: nothing of it stays in the queue.
      ending.abort(error)
      throw error
    } finally {
      clearTimeout(timer)
      gone.removeEventListener('abort', onGone)
    }
  }

  async #run ([key, text]: Missing, group: Flow, signal: AbortSignal): Promise<void> {
    const { cache, flights } = this.#options
    const result = await flights.run(key, signal, async (shared) => {
      const computed = await this.#runtime.scheduler.submit(text, group, shared)
      cache.put(key, computed)
      return computed
    })
    this.#found.set(key, result)
    this.#computed.add(key)
    this.runs.push(result)
    this.timings.queue = Math.max(this.timings.queue, result.queueMs)
    this.timings.inference += result.tokenizeMs + result.inferenceMs
  }
}

function refuseTruncated ({ classification }: Prediction, index: number, maxTokens: number): void {
  if (classification.truncated) throw textTooLong(index, classification.tokens, 'tokens', maxTokens)
}
