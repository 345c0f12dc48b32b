import { rateLimited } from '../errors.ts'

/** Milliseconds after which a caller that has too many texts in flight may retry. */
const RETRY_MS = 1000

/** Bounds the texts that each caller has in flight, so that one caller cannot take the whole queue. */
export class CallerLimits {
  readonly #limit: number
  readonly #inFlight = new Map<string, number>()

  /** @param limit texts per caller; 0 is no limit */
  constructor (limit: number) {
    this.#limit = limit
  }

  /**
   * Counts `texts` of a caller as in flight until `leave`. A caller that has none in flight is always admitted: a batch may be
   * larger than the limit.
   * @throws {Error} RATE_LIMITED if the caller has too many in flight
   */
  enter (caller: string, texts: number): void {
    const current = this.#inFlight.get(caller) ?? 0
    if (this.#limit > 0 && current > 0 && current + texts > this.#limit) {
      throw rateLimited(`Limited to ${this.#limit} texts in flight per caller`, RETRY_MS)
    }
    this.#inFlight.set(caller, current + texts)
  }

  leave (caller: string, texts: number): void {
    const left = (this.#inFlight.get(caller) ?? 0) - texts
    if (left > 0) this.#inFlight.set(caller, left)
    else this.#inFlight.delete(caller)
  }
}
