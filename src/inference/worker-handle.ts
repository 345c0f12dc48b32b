import type { Worker } from 'node:worker_threads'
import type { AnswerMessage, LoadMessage, ReadyMessage, TextOutcome, RunMessage, ModelLoadOptions, WorkerMessage } from './protocol.ts'
import { newThread } from './new-thread.ts'
import { closeSeat, hasNextRun, openSeat, type Seat } from './next-run.ts'
import type { SpareThread } from './spare-thread.ts'

/** The worker went away, or was stopped because it did not answer in time: the text can run on another worker. */
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
  workerUrl: URL
  startup: ModelLoadOptions
  /** A thread that was started ahead, for whichever worker comes first. */
  spare?: SpareThread
  /** Milliseconds in which the worker must have loaded the model. */
  startTimeoutMs: number
  /** Milliseconds in which a run must be answered, or the worker counts as hung. */
  runTimeoutMs: number
  /** Of this worker alone. */
  seat: Seat
  /** Called when the worker has taken the texts that lay ready, with their run. */
  onTaken: (run: Promise<TextOutcome[]>) => void
  /** Called once, when the worker is gone for good; `reason` is undefined after `stop()`. */
  onGone: (reason: Error | undefined) => void
}

/** Milliseconds that a late worker gets to come back from native code before its thread is ended all the same. */
const ABANDONED_MS = 60_000

interface PendingRun {
  resolve: (outcomes: TextOutcome[]) => void
  reject: (error: Error) => void
}

/** One worker thread: it is starting, idle, busy with exactly one run, or gone. */
export class WorkerHandle {
  /** Settles when the model is loaded and warm, or cannot be. */
  ready: Promise<ReadyMessage>
  readonly #options: WorkerHandleOptions
  readonly #thread: Worker
  #started: PromiseWithResolvers<ReadyMessage>
  #pending: PendingRun | undefined
  #timer: NodeJS.Timeout | undefined
  #endTimer: NodeJS.Timeout | undefined
  #lanes = 1
  /** How it loads the model again when it is idle. */
  #reload: ModelLoadOptions | undefined
  /** Told when it runs and loads nothing any more. */
  #onRest: (() => void) | undefined
  #state: 'starting' | 'idle' | 'busy' | 'gone' = 'starting'

  constructor (options: WorkerHandleOptions) {
    this.#options = options
    this.#started = withResolvers()
    this.ready = this.#started.promise
    this.#thread = options.spare?.take() ?? newThread(options.workerUrl)
    this.#thread.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#thread.on('error', (error) => this.#leave(new WorkerLostError(error.message)))
    this.#thread.on('exit', (code) => this.#exited(new WorkerLostError(`it exited with code ${code}`)))
    this.#load(options.startup)
  }

  get state (): 'starting' | 'idle' | 'busy' | 'gone' {
    return this.#state
  }

  /** Most texts of one run, 1 until the model is loaded. */
  get lanes (): number {
    return this.#lanes
  }

  /** Has the model loaded again, in another way, as soon as its run is over. Settles as `ready`, which this replaces. */
  reload (startup: ModelLoadOptions): Promise<ReadyMessage> {
    this.#started = withResolvers()
    this.ready = this.#started.promise
    closeSeat(this.#options.seat)
    if (this.#state === 'idle') this.#load(startup)
    else this.#reload = startup
    return this.ready
  }

  /** Runs the texts together. The worker must be idle. */
  run (texts: readonly string[]): Promise<TextOutcome[]> {
    if (this.#state !== 'idle') throw new Error(`A worker that is ${this.#state} takes no text`)
    const message: RunMessage = { type: 'run', texts }
    this.#thread.postMessage(message)
    return this.#begin()
  }

  /** Takes no further text. Resolves when it runs and loads nothing: only then can a process end without being aborted. */
  rest (): Promise<void> {
    closeSeat(this.#options.seat)
    this.#reload = undefined
    return new Promise((resolve) => {
      this.#onRest = resolve
      this.#tellRest()
    })
  }

  /** Ends the thread; texts that it is busy with are lost. */
  stop (): void {
    this.#leave(undefined)
  }

  #receive (message: WorkerMessage): void {
    if (this.#state === 'gone') {
      this.#receiveLate(message)
      return
    }
    clearTimeout(this.#timer)
    if (message.type === 'load-failed') {
      this.#leave(new LoadFailedError(message.reason))
    } else if (message.type === 'ready') {
      this.#state = 'idle'
      this.#lanes = message.lanes
      if (this.#onRest === undefined) openSeat(this.#options.seat)
      this.#started.resolve(message)
      this.#tellRest()
    } else {
      this.#finish(message)
    }
  }

  #finish (message: AnswerMessage): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#state = 'idle'
    if (message.took) this.#options.onTaken(this.#begin())
    else if (this.#reload !== undefined) this.#load(this.#reload)
    pending?.resolve(message.outcomes)
    this.#tellRest()
  }

  #load (startup: ModelLoadOptions): void {
    this.#state = 'starting'
    this.#reload = undefined
    // The pool also learns of a failed start through onGone; nobody may be awaiting this promise then.
    this.ready.catch(() => {})
    const message: LoadMessage = { type: 'load', startup, seat: this.#options.seat }
    this.#thread.postMessage(message)
    this.#watch(this.#options.startTimeoutMs, 'it did not start in time')
  }

  #begin (): Promise<TextOutcome[]> {
    this.#state = 'busy'
    this.#watch(this.#options.runTimeoutMs, 'it did not answer in time')
    return new Promise((resolve, reject) => { this.#pending = { resolve, reject } })
  }

  /** A worker that was given up may have taken texts before it knew. */
  #receiveLate (message: WorkerMessage): void {
    if ('took' in message && message.took) this.#options.onTaken(Promise.reject(new WorkerLostError('it was given up')))
    else this.#end()
  }

  #exited (reason: Error): void {
    if (hasNextRun(this.#options.seat)) this.#options.onTaken(Promise.reject(reason))
    this.#leave(reason)
  }

  #tellRest (): void {
    if (this.#state === 'idle' || this.#state === 'gone') this.#onRest?.()
  }

  #watch (timeoutMs: number, reason: string): void {
    this.#timer = setTimeout(() => this.#leave(new WorkerLostError(reason)), timeoutMs)
  }

  #leave (reason: Error | undefined): void {
    if (this.#state === 'gone') return
    const wasBusy = this.#state !== 'idle'
    this.#state = 'gone'
    closeSeat(this.#options.seat)
    clearTimeout(this.#timer)
    const error = reason ?? new WorkerLostError('it was stopped')
    this.#started.reject(error)
    this.#pending?.reject(error)
    this.#pending = undefined
    this.#options.onGone(reason)
    this.#tellRest()
    // A thread that is ended inside the runtime's native code takes the process with it when that call returns. One that
    // is late is left alone until it answers; it gets no further text.
    if (wasBusy && reason instanceof WorkerLostError) this.#endTimer = setTimeout(() => this.#end(), ABANDONED_MS).unref()
    else this.#end()
  }

  #end (): void {
    clearTimeout(this.#endTimer)
    void this.#thread.terminate()
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
interface PromiseWithResolvers<T> {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
}

function withResolvers<T> (): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((_resolve, _reject) => {
    resolve = _resolve
    reject = _reject
  })
  return { promise, resolve, reject }
}
