import type { Worker } from 'node:worker_threads'
import { newThread } from './new-thread.ts'

/**
 * A worker thread that is started before its model is known, so that it reads its modules while the main thread reads its
 * own. It waits for a model until a pool takes it.
 */
export class SpareThread {
  #thread: Worker | undefined

  constructor (workerUrl: URL) {
    this.#thread = newThread(workerUrl)
    // One that fails is not taken: its replacement fails the same way, where it is told of.
    const forget = (): void => { this.#thread = undefined }
    this.#thread.once('error', forget)
    this.#thread.once('exit', forget)
  }

  /** Whether the thread waits for a model. */
  get available (): boolean {
    return this.#thread !== undefined
  }

  /** The thread, for its one user; undefined where it was taken or has failed. */
  take (): Worker | undefined {
    const thread = this.#thread
    this.#thread = undefined
    return thread?.removeAllListeners('error').removeAllListeners('exit')
  }
}
