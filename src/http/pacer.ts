/**
 * Shares the event loop among clients that have much to do at once: without it, hundreds of streams of cached lines, of connections with
 * thousands of pipelined requests, or of requests for a large file would delay every other request. Each waits for a later tick of the
 * event loop before a small piece of work.
 */
export class Pacer {
  readonly #perTick: number
  #waiting: (() => void)[] = []
  #scheduled = false

  /** @param perTick pieces of work in one tick, for all clients together */
  constructor (perTick: number) {
    this.#perTick = perTick
  }

  /** Resolves when the next piece of work may start, in the order of the calls. */
  next (): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#schedule()
    })
  }

  #schedule (): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const resolve of this.#waiting.splice(0, this.#perTick)) resolve()
      this.#schedule()
    })
  }
}
