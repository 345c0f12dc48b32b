import { RequestGroup } from './fair-queue.ts'
import type { Runtime } from './model-instance.ts'

/** A stream's place in the queue: however many of its texts wait, they take turns with other requests as one. */
export class StreamTurn {
  #runtime: Runtime | undefined
  #group = new RequestGroup()

  /** The stream's group in the queue of `runtime`: another one once another model answers. */
  groupOn (runtime: Runtime): RequestGroup {
    if (this.#runtime !== runtime) {
      this.#runtime = runtime
      this.#group = new RequestGroup()
    }
    return this.#group
  }
}
