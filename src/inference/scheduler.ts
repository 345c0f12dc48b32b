import { notReady, overloaded } from '../errors.ts'
import type { TextOutcome, TextResult } from './protocol.ts'
import { WorkerLostError } from './worker-handle.ts'
import { FairQueue, type QueuedText, type Flow } from './fair-queue.ts'
import { ResultCoalescer } from './result-coalescer.ts'
import { sharedRun } from './unpadded-batch/policy.ts'

/** Where texts are run: the worker pool, or a stand-in in tests. */
export interface Runner {
  readonly size: number
  /** Most texts of one run. */
  readonly lanes: number
  /** True when no worker is left and none will come back. */
  readonly failed: boolean
  /** Runs texts together now, and no longer those that were laid out; undefined where that cannot be. */
  tryRun: (texts: readonly string[]) => Promise<TextOutcome[]> | undefined
  /** Lays texts out for the worker that finishes first, or none, in place of the last; false where those were just taken. */
  layOut: (texts: readonly string[]) => boolean
  onIdle: () => void
  /** Called when a worker has taken the texts that were laid out, with their run. */
  onTaken: (run: Promise<TextOutcome[]>) => void
}

/** The model failed on this text; another worker would fail too. */
export class RunFailedError extends Error {
  constructor (reason: string) {
    super(`Inference failed: ${reason}`)
    this.name = 'RunFailedError'
  }
}

/** A text's result, and its way through the queue: moments are `performance.now()`'s, times milliseconds. */
export interface ScheduledResult extends TextResult {
  queuedAt: number
  queueMs: number
  finishedAt: number
}

export interface SchedulerOptions {
  runner: Runner
  /** Texts that may wait, at least 1. */
  limit: number
  /** First estimate of what one text costs a worker, in milliseconds. */
  initialRunMs: number
  onRun?: (result: ScheduledResult) => void
}

/** Weight of the newest run in the moving average of a text's cost: about the last 40 runs count. */
const RUN_WEIGHT = 0.05

/** A wait that is predicted to use more of the deadline than this is refused at the door: the estimate is not exact. */
const DEADLINE_SHARE = 0.6

/** A text whose worker is lost runs once more; a text that kills two workers is not tried on a third. */
const MAX_ATTEMPTS = 2

/**
 * Hands queued texts to idle workers, one text a request in turn, so that a large batch does not hold up a small
 * request; where the queue is long, several turns share a run. It is bounded: what cannot be answered in time is refused at
 * the door.
 */
export class Scheduler {
  readonly #runner: Runner
  readonly #limit: number
  readonly #ring = new FairQueue()
  readonly #results = new ResultCoalescer()
  readonly #onRun: ((result: ScheduledResult) => void) | undefined
  /** The entries that are laid out. They wait until a worker has said that it took them. */
  #next: readonly QueuedText[] = []
  #runMs: number
  #running = 0
  #runs = 0
  #drained: (() => void)[] = []

  constructor ({ runner, limit, initialRunMs, onRun }: SchedulerOptions) {
    this.#runner = runner
    this.#limit = limit
    this.#runMs = initialRunMs
    this.#onRun = onRun
    runner.onIdle = () => this.#dispatch()
    runner.onTaken = (run) => this.#taken(run)
  }

  /** Texts that wait for a worker. */
  get depth (): number {
    return this.#ring.depth
  }

  get limit (): number {
    return this.#limit
  }

  /** Texts that a worker is busy with. */
  get running (): number {
    return this.#running
  }

  /** Moving average of what one text costs a worker, in milliseconds. */
  get runMs (): number {
    return this.#runMs
  }

  /**
   * Admits `count` texts of one request that must be answered within `budgetMs`, or throws: OVERLOADED if the queue has
   * no room for all of them or they would wait too long, NOT_READY if no worker is left.
   */
  admit (count: number, budgetMs: number): void {
    if (this.#runner.failed) throw notReady('No inference worker is left', 5)
    const waitMs = (this.#ring.servedBefore(count) + this.#running + count) * this.#runMs / this.#runner.size
    if (this.#ring.depth + count > this.#limit + this.#freeWorkers() || waitMs > budgetMs * DEADLINE_SHARE) {
      const drainMs = (this.#ring.depth + this.#running) * this.#runMs / this.#runner.size
      throw overloaded(Math.max(1, Math.ceil(drainMs / 1000)))
    }
  }

  /**
   * Whether a stream that has `inFlight` texts under way may add one that must be answered within `budgetMs`. One is
   * always let in, so that a stream takes its turn while the queue is full; more only while half of the queue is free.
   */
  hasRoom (inFlight: number, budgetMs: number): boolean {
    if (inFlight === 0) return true
    const ahead = this.#ring.servedBefore(inFlight + 1) + inFlight
    return this.#ring.depth + inFlight < this.#limit / 2 && (ahead + this.#running) * this.#runMs / this.#runner.size < budgetMs * DEADLINE_SHARE
  }

  /** Queues an admitted text. Texts of the same request share `group`. Rejects with `signal.reason` when it aborts first. */
  submit (text: string, group: Flow, signal: AbortSignal): Promise<ScheduledResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const entry: QueuedText = { text, group, attempts: 0, abandoned: false, queuedAt: performance.now(), settle: resolve, fail: reject }
      signal.addEventListener('abort', () => {
        entry.abandoned = true
        this.#ring.remove(entry)
        reject(signal.reason as Error)
        this.#dispatch()
      }, { once: true })
      this.#ring.add(entry)
      this.#dispatch()
    })
  }

  /** Resolves when nothing waits and nothing runs. */
  drained (): Promise<void> {
    return new Promise((resolve) => {
      this.#drained.push(resolve)
      this.#announceDrained()
    })
  }

  #freeWorkers (): number {
    return Math.max(0, this.#runner.size - this.#runs)
  }

  #dispatch (): void {
    if (this.#runner.failed) {
      for (let entry = this.#ring.next(); entry !== undefined; entry = this.#ring.next()) {
        entry.fail(notReady('No inference worker is left', 5))
      }
    }
    let entries = this.#nextRun()
    while (entries.length > 0) {
      const run = this.#runner.tryRun(entries.map(({ text }) => text))
      if (run === undefined) break
      this.#begin(entries, run)
      entries = this.#nextRun()
    }
    this.#layOut(entries)
    this.#announceDrained()
  }

  #nextRun (): readonly QueuedText[] {
    const { lanes } = this.#runner
    return sharedRun(this.#ring.upcoming(lanes), { lanes, requests: this.#ring.requests, runMs: this.#runMs, now: performance.now() })
  }

  /** What lies ready is always what is next in turn, unless it was taken just now. */
  #layOut (entries: readonly QueuedText[]): void {
    const same = entries.length === this.#next.length && entries.every((entry, index) => entry === this.#next[index])
    if (!same && this.#runner.layOut(entries.map(({ text }) => text))) this.#next = entries
  }

  #taken (run: Promise<TextOutcome[]>): void {
    this.#begin(this.#next, run)
    this.#layOut(this.#nextRun())
  }

  /** A worker has the entries, whichever way it came by them; nothing is laid out now. */
  #begin (entries: readonly QueuedText[], run: Promise<TextOutcome[]>): void {
    this.#next = []
    for (const entry of entries) this.#ring.take(entry)
    void this.#follow(entries, run)
  }

  async #follow (entries: readonly QueuedText[], run: Promise<TextOutcome[]>): Promise<void> {
    const startedAt = performance.now()
    for (const entry of entries) entry.attempts++
    this.#running += entries.length
    this.#runs++
    try {
      const outcomes = await run
      const finishedAt = performance.now()
      entries.forEach((entry, index) => {
        this.#runMs += RUN_WEIGHT * ((finishedAt - startedAt) / entries.length - this.#runMs)
        this.#settle(entry, outcomes[index] as TextOutcome, startedAt, finishedAt)
      })
    } catch (error) {
      // The last first: each is put back before the others.
      for (const entry of entries.toReversed()) this.#retry(entry, error as Error)
    } finally {
      this.#running -= entries.length
      this.#runs--
      this.#dispatch()
      const textsPerRun = this.#runs === 0 ? 1 : this.#running / this.#runs
      this.#results.expectNext(this.#ring.depth === 0 ? Infinity : this.#runMs * textsPerRun / this.#runner.size)
    }
  }

  #settle (entry: QueuedText, outcome: TextOutcome, startedAt: number, finishedAt: number): void {
    if ('failure' in outcome) {
      entry.fail(new RunFailedError(outcome.failure))
      return
    }
    const result = { ...outcome, queuedAt: entry.queuedAt, queueMs: startedAt - entry.queuedAt, finishedAt }
    this.#results.keep(() => {
      this.#onRun?.(result)
      entry.settle(result)
    }, result.queueMs)
  }

  #retry (entry: QueuedText, error: Error): void {
    if (!(error instanceof WorkerLostError)) entry.fail(error)
    else if (entry.attempts < MAX_ATTEMPTS && !entry.abandoned) this.#ring.addFirst(entry)
    else entry.fail(notReady('The inference workers failed on this request'))
  }

  #announceDrained (): void {
    if (this.#running > 0 || this.#ring.depth > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}
