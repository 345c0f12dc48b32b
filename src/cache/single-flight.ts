/** A computation in progress. */
export interface Pending<T> {
  result: Promise<T>
  /** Called when its last caller stops waiting: `result` should reject with `reason` soon. */
  cancel: (reason: unknown) => void
}

interface Flight<T> extends Pending<T> {
  callers: number
}

/** Shares computations: callers of a key that is being computed wait for the same result. Results are not stored. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** Number of computations in progress. */
  get size (): number {
    return this.#flights.size
  }

  has (key: string): boolean {
    return this.#flights.has(key)
  }

  /** Registers the computation of a key that is not in flight. A caller must `wait` for it in the same tick. */
  add (key: string, pending: Pending<T>): void {
    const flight: Flight<T> = { ...pending, callers: 0 }
    this.#flights.set(key, flight)
    const forget = (): void => this.#forget(key, flight)
    flight.result.then(forget, forget)
  }

  /**
   * Waits for the results of keys in flight. Rejects with `signal.reason` as soon as the signal aborts, or with the first
   * failure; computations that no other caller waits for are then cancelled.
   */
  wait (keys: readonly string[], signal: AbortSignal): Promise<T[]> {
    const flights = keys.map((key) => this.#flights.get(key) as Flight<T>)
    for (const flight of flights) flight.callers++
    return new Promise((resolve, reject) => {
      let waiting = true
      const detach = (reason: unknown): void => {
        // A cancelled computation fails, which must not detach this caller a second time.
        if (!waiting) return
        waiting = false
        signal.removeEventListener('abort', onAbort)
        reject(reason as Error)
        flights.forEach((flight, index) => this.#detach(keys[index] as string, flight, reason))
      }
      const onAbort = (): void => detach(signal.reason)
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort)
      Promise.all(flights.map(({ result }) => result)).then((results) => {
        signal.removeEventListener('abort', onAbort)
        resolve(results)
      }, detach)
    })
  }

  #detach (key: string, flight: Flight<T>, reason: unknown): void {
    if (--flight.callers > 0) return
    // Forgotten before it is cancelled: the next caller starts a new computation instead of joining a cancelled one.
    this.#forget(key, flight)
    flight.cancel(reason)
  }

  #forget (key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
