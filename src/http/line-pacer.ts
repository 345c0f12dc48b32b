/** Groups of lines that start in one tick of the event loop, over all streams. */
const GROUPS_PER_TICK = 4

/**
 * Shares the event loop between streams and other requests: lines that are cached complete at once, so that hundreds of streams
 * would otherwise keep every other request waiting. A stream awaits its turn before each small group of lines.
 */
export class LinePacer {
  #waiting: (() => void)[] = []
  #scheduled = false

  /** Resolves when the next group of lines may start; streams are served in the order of their calls. */
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
      for (const resolve of this.#waiting.splice(0, GROUPS_PER_TICK)) resolve()
      this.#schedule()
    })
  }
}
