import { Worker } from 'node:worker_threads'
import type { MainMessage, ModelLoadOptions, ReadyMessage, TextOutcome, WorkerMessage } from './protocol.ts'

/** The worker ended, or was given up because it did not answer in time: another worker can compute its texts. */
export class WorkerLostError extends Error {
  constructor (reason: string) {
    super(`Inference worker lost: ${reason}`)
    this.name = 'WorkerLostError'
  }
}

/** The worker could not load the model. */
export class LoadFailedError extends Error {
  constructor (reason: string) {
    super(`The model could not be loaded: ${reason}`)
    this.name = 'LoadFailedError'
  }
}

export interface WorkerHandleOptions {
  /** The built worker (dist/inference/worker.js). */
  workerUrl: URL
  load: ModelLoadOptions
  /** Milliseconds in which the worker must have loaded the model. */
  startTimeoutMs: number
  /** Milliseconds in which a run must end, or the worker counts as hung. */
  runTimeoutMs: number
  /** Called once, when the worker has ended or was given up; `reason` is undefined after `stop()`. */
  onLost: (reason: Error | undefined) => void
}

export type WorkerHandleState = 'starting' | 'idle' | 'busy' | 'lost'

/**
 * Megabytes of the young generation of a worker's heap. V8 raises its own limit of 48 step by step over minutes, which looks
 * like a leak. A tweet allocates about 40 kB (`node --trace-gc`), so a collection of half a millisecond still follows only
 * dozens of texts.
 */
const YOUNG_GENERATION_MB = 6

/** Milliseconds that a late worker has to return from native code before its thread is terminated anyway. */
const NATIVE_CODE_MS = 60_000

interface Deferred<T> {
  resolve: (value: T) => void
  reject: (error: Error) => void
}

/** One worker thread: it is starting, idle, busy with exactly one run, or lost. */
export class WorkerHandle {
  /** Settles when the model is loaded and warm, or cannot be loaded. */
  ready!: Promise<ReadyMessage>
  readonly #options: WorkerHandleOptions
  readonly #thread: Worker
  #loading: Deferred<ReadyMessage> | undefined
  #run: Deferred<TextOutcome[]> | undefined
  #timer: NodeJS.Timeout | undefined
  #terminateTimer: NodeJS.Timeout | undefined
  #maxTextsPerRun = 1
  /** Loads the model once more, as soon as the worker is idle. */
  #reload: (() => void) | undefined
  #onQuiescent: (() => void)[] = []
  /** The thread works on a message, also if the worker was given up meanwhile: it may be inside native code. */
  #working = false
  #state: WorkerHandleState = 'starting'

  constructor (options: WorkerHandleOptions) {
    this.#options = options
    // Without the environment: a worker needs no setting, and must not have access to the service's secrets.
    this.#thread = new Worker(options.workerUrl, { env: {}, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
    this.#thread.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#thread.on('error', (error) => this.#lose(new WorkerLostError(error.message)))
    this.#thread.on('exit', (code) => {
      this.#working = false
      this.#lose(new WorkerLostError(`it exited with code ${code}`))
      this.#announceQuiescent()
    })
    void this.#load(options.load)
  }

  get state (): WorkerHandleState {
    return this.#state
  }

  /** Maximum number of texts per run; 1 until the model is loaded. */
  get maxTextsPerRun (): number {
    return this.#maxTextsPerRun
  }

  /** Loads the model again with other options once the current run has ended. Settles like `ready`, which it replaces. */
  reload (options: ModelLoadOptions): Promise<ReadyMessage> {
    return new Promise((resolve, reject) => {
      this.#reload = () => { this.#load(options).then(resolve, reject) }
      if (this.#state === 'idle') this.#reload()
      else if (this.#state === 'lost') reject(new WorkerLostError('it was stopped'))
    })
  }

  /** Computes the texts in one run. The worker must be idle. */
  run (texts: readonly string[]): Promise<TextOutcome[]> {
    if (this.#state !== 'idle') throw new Error(`The worker is ${this.#state}, not idle`)
    this.#state = 'busy'
    this.#send({ type: 'run', texts })
    this.#watch(this.#options.runTimeoutMs, 'it did not answer in time')
    return new Promise((resolve, reject) => { this.#run = { resolve, reject } })
  }

  /**
   * Resolves when the thread neither runs nor loads anything: only then can the process exit. It would be aborted when native
   * code returns, or wait for native code that hangs.
   */
  quiesce (): Promise<void> {
    this.#reload = undefined
    return new Promise((resolve) => {
      this.#onQuiescent.push(resolve)
      this.#announceQuiescent()
    })
  }

  /** Ends the thread; texts in its run are lost. */
  stop (): void {
    this.#lose(undefined)
  }

  #send (message: MainMessage): void {
    this.#working = true
    this.#thread.postMessage(message)
  }

  #receive (message: WorkerMessage): void {
    this.#working = false
    // A worker that was given up has returned from native code: now its thread can be terminated.
    if (this.#state === 'lost') {
      this.#terminate()
      this.#announceQuiescent()
      return
    }
    clearTimeout(this.#timer)
    if (message.type === 'load-failed') {
      this.#lose(new LoadFailedError(message.reason))
      return
    }
    this.#state = 'idle'
    if (message.type === 'ready') {
      this.#maxTextsPerRun = message.maxTextsPerRun
      this.#loading?.resolve(message)
    } else {
      this.#run?.resolve(message.outcomes)
      this.#run = undefined
    }
    this.#reload?.()
    this.#announceQuiescent()
  }

  #load (options: ModelLoadOptions): Promise<ReadyMessage> {
    this.#state = 'starting'
    this.#reload = undefined
    this.ready = new Promise((resolve, reject) => { this.#loading = { resolve, reject } })
    // The pool is also notified of a failed start through onLost; nobody may be awaiting this promise then.
    this.ready.catch(() => {})
    this.#send({ type: 'load', options })
    this.#watch(this.#options.startTimeoutMs, 'it did not start in time')
    return this.ready
  }

  #announceQuiescent (): void {
    if (this.#working) return
    for (const resolve of this.#onQuiescent.splice(0)) resolve()
  }

  #watch (timeoutMs: number, reason: string): void {
    this.#timer = setTimeout(() => this.#lose(new WorkerLostError(reason)), timeoutMs)
  }

  #lose (reason: Error | undefined): void {
    if (this.#state === 'lost') return
    const wasBusy = this.#state !== 'idle'
    this.#state = 'lost'
    clearTimeout(this.#timer)
    const error = reason ?? new WorkerLostError('it was stopped')
    this.#loading?.reject(error)
    this.#run?.reject(error)
    this.#options.onLost(reason)
    this.#announceQuiescent()
    // Terminating a thread inside ONNX Runtime's native code aborts the process when that call returns. A late worker is
    // therefore left alone until it answers; it gets no further text.
    if (wasBusy && reason instanceof WorkerLostError) this.#terminateTimer = setTimeout(() => this.#terminate(), NATIVE_CODE_MS).unref()
    else this.#terminate()
  }

  #terminate (): void {
    clearTimeout(this.#terminateTimer)
    void this.#thread.terminate()
  }
}
