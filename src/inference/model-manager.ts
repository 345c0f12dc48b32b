import { setTimeout as delay } from 'node:timers/promises'
import { notReady } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { ModelSpec } from '../models/catalog.ts'
import { ModelError } from '../models/errors.ts'
import type { LocalModel, ModelStore } from '../models/store.ts'
import { ModelInstance, type ModelInstanceEvents, type ModelInstanceOptions } from './model-instance.ts'

export interface ModelManagerOptions {
  requested: ModelSpec
  /** Answers until the requested model is there. */
  fallback?: ModelSpec
  store: ModelStore
  runtime: Omit<ModelInstanceOptions, 'events'>
  /** Milliseconds between attempts while the hub is unreachable or MODEL_DIR cannot be written. */
  retryMs?: number
}

/** `starting`: no model yet. `down`: none will come without a person's help, or every worker is gone. */
export type ModelState = 'starting' | 'ready' | 'down'

const RETRY_MS = 60_000

/**
 * Decides which model answers. Loads the requested one, downloading it first where needed; meanwhile the fallback
 * answers, and the change from one to the other drops no request: work that began on a model ends on it.
 */
export class ModelManager {
  readonly requested: ModelSpec
  /** Who is told of runs and lost workers. May be set after the start. */
  events: ModelInstanceEvents = {}
  readonly #options: ModelManagerOptions
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  #current: ModelInstance | undefined
  #problem: string | undefined
  #located: Promise<LocalModel | undefined> | undefined
  #loading: Promise<void> | undefined

  constructor (options: ModelManagerOptions) {
    this.requested = options.requested
    this.#options = options
    this.#logger = options.runtime.logger
  }

  get state (): ModelState {
    if (this.#current === undefined) return this.#problem === undefined ? 'starting' : 'down'
    return this.#current.pool.failed ? 'down' : 'ready'
  }

  /** Why the requested model does not answer, for an operator; undefined while all is well. */
  get problem (): string | undefined {
    return this.#problem
  }

  /** The model that answers until the requested one is there, if any. */
  get fallback (): ModelSpec | undefined {
    return this.#options.fallback
  }

  /** Worker threads that a model gets. */
  get workers (): number {
    return this.#options.runtime.workers
  }

  /** The runtime that new requests go to, if any. */
  get runtime (): ModelInstance | undefined {
    return this.#current
  }

  /** The runtime that new requests go to. Throws NOT_READY where there is none. */
  requireModel (): ModelInstance {
    if (this.#stopping.signal.aborted) throw notReady('The service is shutting down', 5)
    if (this.#current === undefined) throw notReady(this.#problem === undefined ? 'The model is being loaded' : 'No model could be loaded', 5)
    return this.#current
  }

  /**
   * Loads the model; returns when it serves or cannot. Failures are logged and shown by `state`, never thrown. Further calls
   * wait for the same.
   */
  start (): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  /** Looks for the requested model on disk, ahead of `start`. Never rejects: `start` tells of what is wrong. */
  async prefetch (): Promise<void> {
    await this.#find().catch(() => {})
  }

  #find (): Promise<LocalModel | undefined> {
    this.#located ??= this.#options.store.find(this.requested)
    return this.#located
  }

  async #load (): Promise<void> {
    const { store, fallback } = this.#options
    if (await this.#serveFromDisk(this.requested, () => this.#find())) return
    if (fallback !== undefined && await this.#serveFromDisk(fallback, () => store.find(fallback))) {
      this.#logger.warn(
        { model: fallback.name, requested: this.requested.name },
        `${this.requested.name} is not on this machine: ${fallback.name} answers in its place while it downloads`
      )
    }
    await this.#acquire()
  }

  /** Refuses new work at once. Work that is queued or runs goes on. */
  stopAccepting (): void {
    this.#stopping.abort()
  }

  /** Stops downloads, lets what runs finish, and ends the workers. */
  async close (): Promise<void> {
    this.#stopping.abort()
    await this.#loading
    await this.#current?.drain()
  }

  /** Lets the runs and loads that are under way come to their end, and nothing else. */
  async quiesce (): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#current?.pool.rest(), this.#loading])
  }

  async #acquire (): Promise<void> {
    const { requested, store, retryMs = RETRY_MS } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        return await this.#serve(await store.ensure(requested, signal))
      } catch (error) {
        if (signal.aborted) return
        const again = error instanceof ModelError && error.retryable
        this.#report(messageOf(error), again)
        if (!again) return
        await delay(retryMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #serve (local: LocalModel): Promise<void> {
    const runtime = await this.#launch(local)
    const previous = this.#current
    if (this.#stopping.signal.aborted) {
      await runtime.pool.close()
      return
    }
    this.#current = runtime
    this.#problem = undefined
    const { name, revision, dtype } = local.spec
    this.#logger.info(
      { model: name, revision, dtype, workers: runtime.pool.size, maxTokens: runtime.maxTokens },
      previous === undefined ? `Model ${name} answers` : `Model ${name} answers from now on, instead of ${previous.model.spec.name}`
    )
    await previous?.drain()
  }

  #launch (local: LocalModel): Promise<ModelInstance> {
    return ModelInstance.start(local, {
      ...this.#options.runtime,
      events: {
        onRun: (result) => this.events.onRun?.(result),
        onWorkerLost: (loss) => this.events.onWorkerLost?.(loss)
      }
    })
  }

  /** Whether the model is on disk and serves now. One that does not load is told of, and left to whatever comes next. */
  async #serveFromDisk (spec: ModelSpec, find: () => Promise<LocalModel | undefined>): Promise<boolean> {
    try {
      const local = await find()
      if (local === undefined) return false
      await this.#serve(local)
      return true
    } catch (error) {
      this.#logger.warn({ model: spec.name, reason: messageOf(error) }, 'The model on disk could not be used')
      return false
    }
  }

  #report (reason: string, again: boolean): void {
    const first = this.#problem !== reason
    this.#problem = reason
    if (!first) return
    const answering = this.#current === undefined ? 'no model answers' : `${this.#current.model.spec.name} goes on answering`
    this.#logger.error({ reason, retried: again }, `${this.requested.name} cannot be loaded; ${answering}`)
  }
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
