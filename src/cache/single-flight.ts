interface Flight<T> {
  result: Promise<T>
  controller: AbortController
  callers: number
}

/** Callers that want the same key while it is being computed share one computation. Nothing is kept after it ended. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()
  readonly #onJoin: (() => void) | undefined

  constructor ({ onJoin }: { onJoin?: () => void } = {}) {
    this.#onJoin = onJoin
  }

  /** Computations under way. */
  get size (): number {
    return this.#flights.size
  }

  has (key: string): boolean {
    return this.#flights.has(key)
  }

  /**
   * Joins the computation of `key`, or starts it. Rejects with `signal.reason` as soon as this caller's signal aborts;
   * the computation itself is aborted only when its last caller has gone.
   */
  run (key: string, signal: AbortSignal, compute: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    const known = this.#flights.get(key)
    if (known !== undefined) this.#onJoin?.()
    const flight = known ?? this.#start(key, compute)
    flight.callers++
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason as Error)
        if (--flight.callers > 0) return
        // Forgotten before it is aborted: whoever asks next starts anew instead of joining what is being given up.
        this.#forget(key, flight)
        flight.controller.abort(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      flight.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  #start (key: string, compute: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { result: compute(controller.signal), controller, callers: 0 }
    this.#flights.set(key, flight)
    const forget = (): void => this.#forget(key, flight)
    flight.result.then(forget, forget)
    return flight
  }

  #forget (key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
