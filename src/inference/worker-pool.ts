import type { ReadyMessage, ModelLoadOptions, TextOutcome } from './protocol.ts'
import { NextRun } from './next-run.ts'
import { WorkerHandle, type WorkerHandleOptions } from './worker-handle.ts'

export interface WorkerPoolOptions extends Omit<WorkerHandleOptions, 'startup' | 'seat' | 'onTaken' | 'onGone'> {
  startup: Omit<ModelLoadOptions, 'lanes'>
  /** Worker threads, at least 1. */
  size: number
  /** Milliseconds before the first restart of a lost worker; doubles with each failed start, up to 30 s. */
  backoffMs?: number
  /** Starts in a row that may fail before a worker's place is given up. */
  maxFailedStarts?: number
  /** Called for every worker that has loaded the model. */
  onWorkerReady?: (ready: ReadyMessage) => void
  /** Called for every worker that is lost or cannot start, with what happens next. */
  onWorkerLost?: (loss: WorkerLoss) => void
}

/** `restarting`: its replacement waits to start. `lost`: given up, and not replaced. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'restarting' | 'lost'

export interface WorkerLoss {
  reason: Error
  /** Milliseconds until its replacement starts; undefined where its place is given up. */
  restartInMs: number | undefined
}

const MAX_BACKOFF_MS = 30_000

interface Slot {
  worker: WorkerHandle | undefined
  failedStarts: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Keeps `size` workers alive, each with the same model. A lost worker is replaced with exponential back-off; one whose
 * replacements fail to start time after time is given up, visibly: `ready` falls, and `failed` is true at the end.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #slots: Slot[]
  readonly #next = new NextRun()
  /** Called whenever a worker becomes idle, or a place was given up. The scheduler sets it. */
  onIdle: () => void = () => {}
  /** Called when a worker has taken the texts that were laid out, with their run. The scheduler sets it. */
  onTaken: (run: Promise<TextOutcome[]>) => void = () => {}
  #stopped = false

  constructor (options: WorkerPoolOptions) {
    if (!Number.isInteger(options.size) || options.size < 1) {
      throw new RangeError(`Expected a pool of at least 1 worker, got ${options.size}`)
    }
    this.#options = options
    this.#slots = Array.from({ length: options.size }, () => ({ worker: undefined, failedStarts: 0, timer: undefined }))
  }

  /**
   * Starts every worker; resolves with the first that is ready, so that a slow second load delays no answer. For the same
   * reason the others start when the first has tried, and the first loads the model for one text a run, which is faster, and
   * for several when another answers and takes several. Rejects with the first failure when no worker could start at the first
   * try; the pool is stopped then.
   */
  async start (): Promise<ReadyMessage> {
    const [first, ...others] = this.#slots as [Slot, ...Slot[]]
    const fast = others.length > 0
    const worker = this.#launch(first, !fast)
    const tried = worker.ready
    await tried.catch(() => {})
    const ready = [tried, ...others.map((slot) => this.#launch(slot).ready)]
    if (fast) Promise.any(ready.slice(1)).then(({ lanes }) => { if (lanes > 1) this.#addLanes(worker) }, () => {})
    try {
      return await Promise.any(ready)
    } catch (error) {
      this.stop()
      throw (error as AggregateError).errors[0]
    }
  }

  /** Most texts of one run. */
  get lanes (): number {
    const workers = this.#readyWorkers
    return workers.length === 0 ? 1 : Math.min(...workers.map(({ lanes }) => lanes))
  }

  /** Workers there should be. */
  get size (): number {
    return this.#slots.length
  }

  /** Workers that are idle or busy. */
  get ready (): number {
    return this.#readyWorkers.length
  }

  get #readyWorkers (): WorkerHandle[] {
    return this.#slots.flatMap(({ worker }) => worker?.state === 'idle' || worker?.state === 'busy' ? [worker] : [])
  }

  /** How many workers are in each state; together `size`. */
  get states (): Record<WorkerState, number> {
    const states = { starting: 0, idle: 0, busy: 0, restarting: 0, lost: 0 }
    for (const { worker, timer } of this.#slots) {
      const state = worker?.state ?? 'gone'
      states[state === 'gone' ? (timer === undefined ? 'lost' : 'restarting') : state]++
    }
    return states
  }

  /** True when no worker is left and none will be started. */
  get failed (): boolean {
    return this.#slots.every(({ worker, timer }) => worker === undefined && timer === undefined)
  }

  /**
   * Gives the texts to an idle worker for one run, and takes back those that were laid out; undefined where no worker is idle,
   * or one has just taken those. Rejects with WorkerLostError.
   */
  tryRun (texts: readonly string[]): Promise<TextOutcome[]> | undefined {
    const worker = this.#slots.find((slot) => slot.worker?.state === 'idle')?.worker
    if (this.#stopped || worker === undefined || !this.#next.withdraw()) return undefined
    return this.#thenIdle(worker, worker.run(texts))
  }

  /**
   * Lays these texts out, or none, for the worker that finishes first, instead of those that were; false where those have just
   * been taken.
   */
  layOut (texts: readonly string[]): boolean {
    return texts.length === 0 ? this.#next.withdraw() : this.#next.put(texts)
  }

  /** Ends every thread once it is loaded. Drain first: texts in a run are lost. */
  async close (): Promise<void> {
    this.#stopped = true
    await Promise.allSettled(this.#slots.flatMap(({ worker }) => worker === undefined ? [] : [worker.ready]))
    this.stop()
  }

  /** Begins nothing any more; resolves when no worker runs or loads anything. */
  async rest (): Promise<void> {
    this.#halt()
    await Promise.all(this.#slots.flatMap(({ worker }) => worker === undefined ? [] : [worker.rest()]))
  }

  /** Ends every thread at once. */
  stop (): void {
    this.#halt()
    for (const { worker } of this.#slots) worker?.stop()
  }

  #halt (): void {
    this.#stopped = true
    for (const slot of this.#slots) {
      clearTimeout(slot.timer)
      slot.timer = undefined
    }
  }

  #thenIdle (worker: WorkerHandle, run: Promise<TextOutcome[]>): Promise<TextOutcome[]> {
    return run.finally(() => {
      if (worker.state === 'idle') this.onIdle()
    })
  }

  #addLanes (worker: WorkerHandle): void {
    if (this.#stopped || worker.state === 'gone') return
    worker.reload({ ...this.#options.startup, lanes: true }).then((ready) => this.#announce(ready), () => {})
  }

  #announce (ready: ReadyMessage): void {
    this.#options.onWorkerReady?.(ready)
    this.onIdle()
  }

  #launch (slot: Slot, lanes = true): WorkerHandle {
    let started = false
    const worker: WorkerHandle = new WorkerHandle({
      ...this.#options,
      startup: { ...this.#options.startup, lanes },
      seat: this.#next.seat(),
      onTaken: (run) => {
        this.#next.release()
        this.onTaken(this.#thenIdle(worker, run))
      },
      onGone: (reason) => {
        slot.worker = undefined
        if (this.#stopped || reason === undefined) return
        slot.failedStarts = started ? 0 : slot.failedStarts + 1
        this.#replace(slot, reason)
      }
    })
    slot.worker = worker
    worker.ready.then((ready) => {
      started = true
      slot.failedStarts = 0
      this.#announce(ready)
    }, () => {})
    return worker
  }

  #replace (slot: Slot, reason: Error): void {
    const { backoffMs = 100, maxFailedStarts = 5, onWorkerLost } = this.#options
    const givenUp = slot.failedStarts >= maxFailedStarts
    const restartInMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** Math.max(0, slot.failedStarts - 1))
    onWorkerLost?.({ reason, restartInMs: givenUp ? undefined : restartInMs })
    if (givenUp) {
      this.onIdle()
      return
    }
    slot.timer = setTimeout(() => {
      slot.timer = undefined
      this.#launch(slot)
    }, restartInMs)
  }
}
