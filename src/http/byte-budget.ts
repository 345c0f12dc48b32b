/** Requests that hold up to this many bytes have a separate share of the budget: large ones cannot keep them out. */
const SMALL_BYTES = 16_384
const SMALL_SHARE = 0.25

class Pool {
  used = 0
  readonly #limit: number

  constructor (limit: number) {
    this.#limit = limit
  }

  /** Whether a request that holds `own` bytes may hold `bytes`. A single request always may, whatever its size. */
  fits (bytes: number, own = 0): boolean {
    const others = this.used - own
    return others === 0 || others + bytes <= this.#limit
  }
}

/**
 * One budget for the request bodies and unread answers of all connections together: memory stays bounded, however many clients
 * send large bodies or do not read their answers.
 */
export class ByteBudget {
  readonly #small: Pool
  readonly #large: Pool

  /** @param limit bytes of all requests in flight */
  constructor (limit: number) {
    this.#small = new Pool(limit * SMALL_SHARE)
    this.#large = new Pool(limit * (1 - SMALL_SHARE))
  }

  /** Holds `bytes` for a request; undefined if the budget is exhausted. */
  reserve (bytes: number): Reservation | undefined {
    const pool = this.#poolFor(bytes)
    return pool.fits(bytes) ? new Reservation((size) => this.#poolFor(size), bytes) : undefined
  }

  #poolFor (bytes: number): Pool {
    return bytes <= SMALL_BYTES ? this.#small : this.#large
  }
}

/** The bytes that one request holds until it releases them. */
export class Reservation {
  readonly #poolFor: (bytes: number) => Pool
  #bytes = 0
  #released = false

  constructor (poolFor: (bytes: number) => Pool, bytes: number) {
    this.#poolFor = poolFor
    this.hold(bytes)
  }

  /** Holds at least `bytes`, whether they fit or not. */
  hold (bytes: number): void {
    if (this.#released || bytes <= this.#bytes) return
    this.#poolFor(this.#bytes).used -= this.#bytes
    this.#poolFor(bytes).used += bytes
    this.#bytes = bytes
  }

  /** Holds at least `bytes`; false, and nothing changes, if the budget is exhausted. */
  grow (bytes: number): boolean {
    if (bytes <= this.#bytes) return true
    const pool = this.#poolFor(bytes)
    if (!pool.fits(bytes, pool === this.#poolFor(this.#bytes) ? this.#bytes : 0)) return false
    this.hold(bytes)
    return true
  }

  release (): void {
    if (this.#released) return
    this.#poolFor(this.#bytes).used -= this.#bytes
    this.#released = true
  }
}
