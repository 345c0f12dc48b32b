import { Flow } from './fair-queue.ts'
import type { ModelInstance } from './model-instance.ts'

/** A stream's place in the queue: however many of its texts wait, they take turns with other requests as one. */
export class StreamFlow {
  #runtime: ModelInstance | undefined
  #group = new Flow()

  /** The stream's group in the queue of `runtime`: another one once another model answers. */
  on (runtime: ModelInstance): Flow {
    if (this.#runtime !== runtime) {
      this.#runtime = runtime
      this.#group = new Flow()
    }
    return this.#group
  }
}
