/**
 * A result is kept for at most this share of its text's wait in the queue: one that waited little leaves at once. A fifth
 * gained 1 % less, larger groups no more (docs/benchmarks.md).
 */
const WAIT_SHARE = 1 / 3

/** Milliseconds that no result is kept for longer. */
const MAX_KEPT_MS = 50

/**
 * Keeps results of texts that waited in the queue until a few can leave together, as a network card does with its
 * interrupts. While all cores compute, each wake of the main thread finds its caches full of weights, and leaves the
 * worker that it interrupts with cold ones: results that leave together, and the requests that follow them, pay that once.
 */
export class ResultCoalescer {
  #kept: (() => void)[] = []
  /** When the first of them must leave, in `performance.now()`'s time. */
  #until = Infinity
  #timer: NodeJS.Timeout | undefined

  /** Keeps what lets a result leave, whose text waited `queueMs` milliseconds in the queue, until `expectNext`. */
  keep (leave: () => void, queueMs: number): void {
    this.#kept.push(leave)
    this.#until = Math.min(this.#until, performance.now() + Math.min(MAX_KEPT_MS, queueMs * WAIT_SHARE))
  }

  /**
   * Lets all leave, unless the next result comes before the first must: it is expected after `nextMs` milliseconds,
   * `Infinity` where no text waits.
   */
  expectNext (nextMs: number): void {
    if (this.#kept.length === 0) return
    clearTimeout(this.#timer)
    const leftMs = this.#until - performance.now()
    if (nextMs > leftMs) this.#leave()
    else this.#timer = setTimeout(() => this.#leave(), leftMs)
  }

  #leave (): void {
    const together = this.#kept
    this.#kept = []
    this.#until = Infinity
    for (const leave of together) leave()
  }
}
