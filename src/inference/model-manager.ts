import { setTimeout as delay } from 'node:timers/promises'
import { notReady } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { ModelSpec } from '../models/catalog.ts'
import { ModelError } from '../models/errors.ts'
import type { LocalModel, ModelStore } from '../models/store.ts'
import { ModelInstance, type ModelInstanceEvents, type ModelInstanceOptions } from './model-instance.ts'

export interface ModelManagerOptions {
  requested: ModelSpec
  /** Answers until the requested model is loaded. */
  fallback?: ModelSpec
  store: ModelStore
  instance: Omit<ModelInstanceOptions, 'events'>
  /** Milliseconds between attempts while the hub is unreachable or MODEL_DIR cannot be written. */
  retryMs?: number
}

/** `starting`: no model is loaded yet. `down`: none could be loaded, also while the download is retried, or every worker is lost. */
export type ModelState = 'starting' | 'ready' | 'down'

const RETRY_MS = 60_000

/**
 * Selects the model that answers. Loads the requested model, after downloading it if necessary; until then, the fallback answers.
 * Switching to the requested model drops no request: the fallback computes the texts in its queue.
 */
export class ModelManager {
  readonly requested: ModelSpec
  /** Resolves when the model's files on disk have been read and verified, or are incomplete. Never rejects. */
  readonly verified: Promise<void>
  /** Called for computed texts and lost workers. May be set after the start. */
  events: ModelInstanceEvents = {}
  readonly #options: ModelManagerOptions
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  #current: ModelInstance | undefined
  #problem: string | undefined
  #loading: Promise<void> | undefined
  #onVerified!: () => void

  constructor (options: ModelManagerOptions) {
    this.verified = new Promise((resolve) => { this.#onVerified = resolve })
    this.requested = options.requested
    this.#options = options
    this.#logger = options.instance.logger
  }

  get state (): ModelState {
    if (this.#current === undefined) return this.#problem === undefined ? 'starting' : 'down'
    return this.#current.pool.failed ? 'down' : 'ready'
  }

  /** Why the requested model could not be loaded, for operators; undefined if there is no problem. */
  get problem (): string | undefined {
    return this.#problem
  }

  /** The model that answers until the requested one is loaded, if any. */
  get fallback (): ModelSpec | undefined {
    return this.#options.fallback
  }

  /** Worker threads per model. */
  get workers (): number {
    return this.#options.instance.workers
  }

  /** The model that computes new requests, if any. */
  get instance (): ModelInstance | undefined {
    return this.#current
  }

  /** The model that computes new requests. Throws NOT_READY if there is none. */
  requireModel (): ModelInstance {
    if (this.#stopping.signal.aborted) throw notReady('The service is shutting down', 5)
    if (this.#current === undefined) throw notReady(this.#problem === undefined ? 'The model is being loaded' : 'No model could be loaded', 5)
    return this.#current
  }

  /**
   * Loads the model; resolves when it is loaded or cannot be loaded. Failures are logged and reported by `state`, never thrown.
   * Further calls return the same promise.
   */
  start (): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async #load (): Promise<void> {
    const { fallback } = this.#options
    if (await this.#serveFromDisk(this.requested)) return
    if (fallback !== undefined && await this.#serveFromDisk(fallback)) {
      this.#logger.warn(
        { model: fallback.name, requested: this.requested.name },
        `${this.requested.name} is not on this machine: ${fallback.name} answers until it is downloaded`
      )
    }
    await this.#acquire()
  }

  /** Rejects new requests from now on. Queued texts are still computed. */
  stopAccepting (): void {
    this.#stopping.abort()
  }

  /** Stops downloads, lets queued texts finish, and ends the workers. */
  async close (): Promise<void> {
    this.#stopping.abort()
    await this.#loading
    await this.#current?.drain()
  }

  /** Starts no further run; resolves when no worker runs or loads anything. */
  async quiesce (): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#current?.pool.quiesce(), this.#loading])
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
        this.#report(toMessage(error), again)
        if (!again) return
        await delay(retryMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #serve (local: LocalModel): Promise<void> {
    const instance = await this.#launch(local)
    const previous = this.#current
    if (this.#stopping.signal.aborted) {
      await instance.pool.close()
      return
    }
    this.#current = instance
    this.#problem = undefined
    const { name, revision, dtype } = local.spec
    this.#logger.info(
      { model: name, revision, dtype, workers: instance.pool.size, maxTokens: instance.maxTokens },
      previous === undefined ? `Model ${name} loaded` : `Switched model from ${previous.model.spec.name} to ${name}`
    )
    await previous?.drain()
  }

  #launch (local: LocalModel): Promise<ModelInstance> {
    return ModelInstance.start(local, {
      ...this.#options.instance,
      events: {
        onTextComputed: (result) => this.events.onTextComputed?.(result),
        onWorkerLost: (loss) => this.events.onWorkerLost?.(loss)
      }
    })
  }

  /** Loads a model that is complete on disk. Returns false if it is not, or if it cannot be loaded, for which the reason is logged. */
  async #serveFromDisk (spec: ModelSpec): Promise<boolean> {
    try {
      const local = await this.#options.store.find(spec).finally(this.#onVerified)
      if (local === undefined) return false
      await this.#serve(local)
      return true
    } catch (error) {
      this.#logger.warn({ model: spec.name, reason: toMessage(error) }, 'Model on disk could not be loaded')
      return false
    }
  }

  #report (reason: string, again: boolean): void {
    const repeated = this.#problem === reason
    this.#problem = reason
    if (repeated) return
    const answering = this.#current === undefined ? 'no model answers' : `${this.#current.model.spec.name} answers instead`
    this.#logger.error({ reason, retried: again }, `${this.requested.name} cannot be loaded; ${answering}`)
  }
}

function toMessage (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
