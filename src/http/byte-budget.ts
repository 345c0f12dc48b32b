/** Requests that hold up to this many bytes have a separate share of the budget: large ones cannot keep them out. */
const SMALL_BYTES = 16_384
const SMALL_SHARE = 0.25

class Pool {
  readonly #limit: number
  readonly #byCaller = new Map<string, number>()
  #used = 0

  constructor (limit: number) {
    this.#limit = limit
  }

  /**
   * Whether a request of `caller` that holds `own` bytes may hold `bytes`. A caller may hold as much as remains free for others: one
   * gets half of the pool, two get a third each. A request that is alone may hold any number of bytes.
   */
  fits (caller: string, bytes: number, own = 0): boolean {
    const others = this.#used - own
    return others === 0 || (this.#byCaller.get(caller) ?? 0) - own + bytes <= this.#limit - others
  }

  add (caller: string, bytes: number): void {
    this.#used += bytes
    const held = (this.#byCaller.get(caller) ?? 0) + bytes
    if (held === 0) this.#byCaller.delete(caller)
    else this.#byCaller.set(caller, held)
  }
}

/** One budget for the request bodies and unread answers of all connections: memory stays bounded, whatever clients send or do not read. */
export class ByteBudget {
  readonly #pools: { small: Pool, large: Pool }

  /** @param limit bytes of all requests in flight */
  constructor (limit: number) {
    this.#pools = { small: new Pool(limit * SMALL_SHARE), large: new Pool(limit * (1 - SMALL_SHARE)) }
  }

  /** Holds `bytes` for a request of `caller`; undefined if the budget or the caller's share of it is exhausted. */
  reserve (caller: string, bytes: number): Reservation | undefined {
    const reservation = new Reservation((size) => size <= SMALL_BYTES ? this.#pools.small : this.#pools.large, caller)
    return reservation.grow(bytes) ? reservation : undefined
  }
}

/** The bytes that one request holds until it releases them. */
export class Reservation {
  readonly #poolFor: (bytes: number) => Pool
  readonly #caller: string
  #bytes = 0
  #released = false

  constructor (poolFor: (bytes: number) => Pool, caller: string) {
    this.#poolFor = poolFor
    this.#caller = caller
  }

  /** Holds at least `bytes`, whether they fit or not. */
  hold (bytes: number): void {
    if (this.#released || bytes <= this.#bytes) return
    this.#poolFor(this.#bytes).add(this.#caller, -this.#bytes)
    this.#poolFor(bytes).add(this.#caller, bytes)
    this.#bytes = bytes
  }

  /** Holds at least `bytes`; false, and nothing changes, if they do not fit. */
  grow (bytes: number): boolean {
    const pool = this.#poolFor(bytes)
    if (bytes > this.#bytes && !pool.fits(this.#caller, bytes, pool === this.#poolFor(this.#bytes) ? this.#bytes : 0)) return false
    this.hold(bytes)
    return true
  }

  release (): void {
    if (!this.#released) this.#poolFor(this.#bytes).add(this.#caller, -this.#bytes)
    this.#released = true
  }
}
