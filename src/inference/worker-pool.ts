import type { ModelLoadOptions, ReadyMessage, TextOutcome } from './protocol.ts'
import { WorkerHandle, type WorkerHandleOptions } from './worker-handle.ts'

export interface WorkerPoolOptions extends Omit<WorkerHandleOptions, 'load' | 'onLost'> {
  load: Omit<ModelLoadOptions, 'batching'>
  /** Worker threads, at least 1. */
  size: number
  /** Milliseconds before the first restart of a lost worker; doubles with each failed start, up to 30 s. */
  backoffMs?: number
  /** Consecutive failed starts after which a worker is given up. */
  maxFailedStarts?: number
  /** Called whenever a worker has loaded the model. */
  onWorkerReady?: (ready: ReadyMessage) => void
  /** Called whenever a worker is lost or cannot start. */
  onWorkerLost?: (loss: WorkerLoss) => void
}

/** `restarting`: its replacement starts after a delay. `lost`: given up, and not replaced. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'restarting' | 'lost'

export interface WorkerLoss {
  reason: Error
  /** Milliseconds until its replacement starts; undefined if the worker is given up. */
  restartInMs: number | undefined
}

const MAX_BACKOFF_MS = 30_000

interface Slot {
  worker: WorkerHandle | undefined
  failedStarts: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Keeps `size` workers alive, each with the same model. A lost worker is replaced with exponential back-off. A worker whose
 * replacements repeatedly fail to start is given up, which `states` reports; once all are given up, `failed` is true.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #slots: Slot[]
  /** Workers that were stopped or given up, and may still be inside native code. */
  readonly #leaving = new Set<Promise<void>>()
  /** Called whenever a worker becomes idle or is given up. Set by the scheduler. */
  onIdle: () => void = () => {}
  #stopped = false

  constructor (options: WorkerPoolOptions) {
    if (!Number.isInteger(options.size) || options.size < 1) {
      throw new RangeError(`Expected a pool of at least 1 worker, got ${options.size}`)
    }
    this.#options = options
    this.#slots = Array.from({ length: options.size }, () => ({ worker: undefined, failedStarts: 0, timer: undefined }))
  }

  /**
   * Starts every worker; resolves with the first that is ready. To answer early, the first worker loads the model without batching,
   * which is faster, and the others start after it; once another worker is ready with batching, the first loads the model again.
   * If no worker can start, stops the pool and rejects with the first failure.
   */
  async start (): Promise<ReadyMessage> {
    const [first, ...others] = this.#slots as [Slot, ...Slot[]]
    const single = others.length === 0
    const worker = this.#launch(first, single)
    const firstReady = worker.ready
    await firstReady.catch(() => {})
    const othersReady = others.map((slot) => this.#launch(slot).ready)
    if (!single) Promise.any(othersReady).then(({ maxTextsPerRun }) => { if (maxTextsPerRun > 1) this.#reloadWithBatching(worker) }, () => {})
    try {
      return await Promise.any([firstReady, ...othersReady])
    } catch (error) {
      this.stop()
      throw (error as AggregateError).errors[0]
    }
  }

  /** Maximum number of texts per run that every worker supports. */
  get maxTextsPerRun (): number {
    const workers = this.#readyWorkers
    return workers.length === 0 ? 1 : Math.min(...workers.map(({ maxTextsPerRun }) => maxTextsPerRun))
  }

  /** Number of workers that the pool maintains. */
  get size (): number {
    return this.#slots.length
  }

  /** Number of workers that are idle or busy. */
  get ready (): number {
    return this.#readyWorkers.length
  }

  get hasIdleWorker (): boolean {
    return this.#idleWorker !== undefined
  }

  /** Number of workers in each state, `size` in total. */
  get states (): Record<WorkerState, number> {
    const states = { starting: 0, idle: 0, busy: 0, restarting: 0, lost: 0 }
    for (const { worker, timer } of this.#slots) states[worker?.state ?? (timer === undefined ? 'lost' : 'restarting')]++
    return states
  }

  /** True if no worker is left and none will be started. */
  get failed (): boolean {
    return this.#slots.every(({ worker, timer }) => worker === undefined && timer === undefined)
  }

  /** Computes the texts in one run on an idle worker; throws if there is none. Rejects with WorkerLostError. */
  run (texts: readonly string[]): Promise<TextOutcome[]> {
    const worker = this.#idleWorker
    if (worker === undefined) throw new Error('No worker is idle')
    return worker.run(texts).finally(() => { if (worker.state === 'idle') this.onIdle() })
  }

  /** Ends every thread once it has loaded the model. Drain first: texts in a run are lost. */
  async close (): Promise<void> {
    this.#stopped = true
    await Promise.allSettled(this.#slots.flatMap(({ worker }) => worker === undefined ? [] : [worker.ready]))
    this.stop()
  }

  /** Starts no further run; resolves when no worker runs or loads anything, those that were given up included. */
  async quiesce (): Promise<void> {
    this.#halt()
    await Promise.all([...this.#leaving, ...this.#slots.map(({ worker }) => worker?.quiesce())])
  }

  /** Ends every thread immediately. */
  stop (): void {
    this.#halt()
    for (const { worker } of this.#slots) worker?.stop()
  }

  get #readyWorkers (): WorkerHandle[] {
    return this.#slots.flatMap(({ worker }) => worker?.state === 'idle' || worker?.state === 'busy' ? [worker] : [])
  }

  get #idleWorker (): WorkerHandle | undefined {
    return this.#stopped ? undefined : this.#slots.find(({ worker }) => worker?.state === 'idle')?.worker
  }

  #halt (): void {
    this.#stopped = true
    for (const slot of this.#slots) {
      clearTimeout(slot.timer)
      slot.timer = undefined
    }
  }

  #reloadWithBatching (worker: WorkerHandle): void {
    if (this.#stopped) return
    worker.reload({ ...this.#options.load, batching: true }).then((ready) => this.#announce(ready), () => {})
  }

  #announce (ready: ReadyMessage): void {
    this.#options.onWorkerReady?.(ready)
    this.onIdle()
  }

  #launch (slot: Slot, batching = true): WorkerHandle {
    let started = false
    const worker = new WorkerHandle({
      ...this.#options,
      load: { ...this.#options.load, batching },
      onLost: (reason) => {
        slot.worker = undefined
        const left = worker.quiesce().then(() => { this.#leaving.delete(left) })
        this.#leaving.add(left)
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
