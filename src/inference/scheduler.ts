import { batchTooCostly, notReady, overloaded } from '../errors.ts'
import { FairQueue } from './fair-queue.ts'
import type { TextOutcome } from './protocol.ts'
import { estimateCost, type ComputedText, type Flow, type QueuedText } from './queued-text.ts'
import { canShareRun, textsPerRun } from './unpadded-batch/policy.ts'
import { WorkerLostError } from './worker-handle.ts'

/** Computes runs: the worker pool, or a stand-in in tests. */
export interface Runner {
  readonly size: number
  /** Texts that one run can compute, at least 1. */
  readonly maxTextsPerRun: number
  /** True if no worker is left and none will be started. */
  readonly failed: boolean
  readonly hasIdleWorker: boolean
  /** Computes the texts in one run on an idle worker. Rejects with WorkerLostError. */
  run: (texts: readonly string[]) => Promise<TextOutcome[]>
  /** Set by the scheduler; called when a worker becomes idle or is given up. */
  onIdle: () => void
}

/** The model failed on this text; another worker would fail too. */
export class RunFailedError extends Error {
  constructor (reason: string) {
    super(`Inference failed: ${reason}`)
    this.name = 'RunFailedError'
  }
}

/** A text that is queued or running. `result` rejects with the reason of `cancel`. */
export interface PendingText {
  result: Promise<ComputedText>
  /** Removes the text from the queue. If it is running, the run continues. */
  cancel: (reason: unknown) => void
}

export interface SchedulerOptions {
  runner: Runner
  /** Maximum number of waiting texts, at least 1. */
  limit: number
  /** First estimate of the milliseconds per unit of cost (`estimateCost`). */
  initialMsPerCost: number
  onTextComputed?: (result: ComputedText) => void
}

/** Weight of the newest text in the moving average of the time per cost: the last 40 texts or so count. */
const NEWEST_WEIGHT = 0.05

/** Share of the time until the deadline that a predicted wait may take, because the prediction is not exact. */
const DEADLINE_SHARE = 0.6

/** A text whose worker is lost is computed once more; a text that is lost with two workers is not tried on a third. */
const MAX_ATTEMPTS = 2

/** Queues texts fairly and assigns them to idle workers. The queue is bounded: it rejects requests that it cannot finish in time. */
export class Scheduler {
  readonly #runner: Runner
  readonly #limit: number
  readonly #queue = new FairQueue()
  readonly #onTextComputed: ((result: ComputedText) => void) | undefined
  #msPerCost: number
  #running = 0
  #runningCost = 0
  #runs = 0
  #drained: (() => void)[] = []

  constructor ({ runner, limit, initialMsPerCost, onTextComputed }: SchedulerOptions) {
    this.#runner = runner
    this.#limit = limit
    this.#msPerCost = initialMsPerCost
    this.#onTextComputed = onTextComputed
    runner.onIdle = () => this.#dispatch()
  }

  /** Texts that wait for a worker. */
  get depth (): number {
    return this.#queue.size
  }

  /** Texts in runs. */
  get running (): number {
    return this.#running
  }

  /** Estimated milliseconds until all present texts are computed. */
  get drainMs (): number {
    return this.#milliseconds(this.#queue.cost + this.#runningCost)
  }

  /**
   * Admits the texts of one request, or throws: OVERLOADED if the queue is too full or the request would wait beyond its
   * deadline, BATCH_SIZE if even an idle service could not compute the batch in time, NOT_READY if no worker is left.
   * @param deadline on `performance.now()`'s clock
   */
  admit (texts: readonly string[], caller: string, deadline: number): void {
    this.#requireWorkers()
    const budgetMs = deadline - performance.now()
    const { length: count } = texts
    if (this.#queue.size + count > this.#limit + this.#idleWorkers()) throw this.#overloaded()
    const aheadMs = this.#milliseconds(this.#queue.costBefore(count, caller) + this.#runningCost)
    const ownMs = this.#milliseconds(texts.reduce((cost, text) => cost + estimateCost(text), 0))
    if (count > 1 && ownMs > budgetMs) throw batchTooCostly(count, ownMs, budgetMs)
    // A request with nothing ahead of it would not be faster later.
    if (aheadMs > 0 && aheadMs + ownMs > budgetMs * DEADLINE_SHARE) throw this.#overloaded()
  }

  /**
   * Whether a stream with `inFlight` texts in progress may enqueue another. Always true for 0, so that a stream makes progress
   * while the queue is full; otherwise a stream may fill half of the queue.
   */
  canEnqueue (inFlight: number, caller: string, budgetMs: number): boolean {
    if (inFlight === 0) return true
    if (this.#queue.size + inFlight >= this.#limit / 2) return false
    return this.#milliseconds(this.#queue.costBefore(inFlight + 1, caller) + this.#runningCost) < budgetMs * DEADLINE_SHARE
  }

  /** Queues the texts of one flow, without admission. */
  enqueue (texts: readonly string[], flow: Flow): PendingText[] {
    this.#requireWorkers()
    const pending = texts.map((text) => this.#enqueue(text, flow))
    this.#dispatch()
    return pending
  }

  /** Resolves when no text waits or runs. */
  drained (): Promise<void> {
    return new Promise((resolve) => {
      this.#drained.push(resolve)
      this.#announceDrained()
    })
  }

  #enqueue (text: string, flow: Flow): PendingText {
    let queued!: QueuedText
    const result = new Promise<ComputedText>((resolve, reject) => {
      queued = { text, cost: estimateCost(text), flow, queuedAt: performance.now(), attempts: 0, cancelled: false, resolve, reject }
    })
    this.#queue.add(queued)
    return { result, cancel: (reason) => this.#cancel(queued, reason) }
  }

  #cancel (text: QueuedText, reason: unknown): void {
    text.cancelled = true
    this.#queue.remove(text)
    text.reject(reason as Error)
    this.#announceDrained()
  }

  #requireWorkers (): void {
    if (this.#runner.failed) throw noWorkerLeft()
  }

  #overloaded (): Error {
    return overloaded(Math.max(1, Math.ceil(Math.round(this.drainMs) / 1000)))
  }

  /** Milliseconds in which all workers together compute texts of this cost. */
  #milliseconds (cost: number): number {
    return cost * this.#msPerCost / this.#runner.size
  }

  #idleWorkers (): number {
    return Math.max(0, this.#runner.size - this.#runs)
  }

  #dispatch (): void {
    if (this.#runner.failed) {
      for (let text = this.#queue.next(); text !== undefined; text = this.#queue.next()) text.reject(noWorkerLeft())
    }
    while (this.#queue.size > 0 && this.#runner.hasIdleWorker) {
      const texts = this.#takeRun()
      void this.#follow(texts, this.#runner.run(texts.map(({ text }) => text)))
    }
    this.#announceDrained()
  }

  /** Removes the texts of one run from the queue. */
  #takeRun (): QueuedText[] {
    const limit = textsPerRun(this.#queue, this.#runner.maxTextsPerRun)
    const texts: QueuedText[] = []
    for (let text = this.#queue.next(); text !== undefined; text = this.#queue.next()) {
      if (texts.length > 0 && !canShareRun(text)) {
        this.#queue.putBack(text)
        break
      }
      texts.push(text)
      if (texts.length === limit || !canShareRun(text)) break
    }
    return texts
  }

  async #follow (texts: readonly QueuedText[], run: Promise<TextOutcome[]>): Promise<void> {
    const startedAt = performance.now()
    const cost = texts.reduce((sum, text) => sum + text.cost, 0)
    for (const text of texts) text.attempts++
    this.#running += texts.length
    this.#runningCost += cost
    this.#runs++
    try {
      const outcomes = await run
      const finishedAt = performance.now()
      this.#msPerCost += (1 - (1 - NEWEST_WEIGHT) ** texts.length) * ((finishedAt - startedAt) / cost - this.#msPerCost)
      texts.forEach((text, index) => this.#settle(text, outcomes[index] as TextOutcome, startedAt, finishedAt))
    } catch (error) {
      // In reverse, because each text is put back in front of the others.
      for (const text of texts.toReversed()) this.#retry(text, error as Error)
    } finally {
      this.#running -= texts.length
      this.#runningCost -= cost
      this.#runs--
      this.#dispatch()
    }
  }

  #settle (text: QueuedText, outcome: TextOutcome, startedAt: number, finishedAt: number): void {
    if ('failure' in outcome) {
      text.reject(new RunFailedError(outcome.failure))
      return
    }
    const result = { ...outcome, queuedAt: text.queuedAt, queueMs: startedAt - text.queuedAt, finishedAt }
    this.#onTextComputed?.(result)
    text.resolve(result)
  }

  #retry (text: QueuedText, error: Error): void {
    if (!(error instanceof WorkerLostError)) text.reject(error)
    else if (text.attempts < MAX_ATTEMPTS && !text.cancelled) this.#queue.putBack(text)
    else text.reject(notReady('The inference workers failed on this request'))
  }

  #announceDrained (): void {
    if (this.#running > 0 || this.#queue.size > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}

function noWorkerLeft (): Error {
  return notReady('No inference worker is left', 5)
}
