export interface CircuitBreakerOptions {
  /** Consecutive failures that open the circuit. */
  threshold: number
  /** Milliseconds from opening to the first probe; doubles with each failed probe up to `maxProbeMs`. */
  probeMs: number
  maxProbeMs: number
  /** Resolves if the server works again. */
  probe: () => Promise<void>
  onOpen: (reason: Error) => void
  onClose: () => void
}

/** Stops calls to a failing server: a closed circuit permits calls; an open one does not, and probes the server until a probe succeeds. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #open = false
  #waitMs = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor (options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen (): boolean {
    return this.#open
  }

  succeeded (): void {
    this.#failures = 0
  }

  failed (reason: Error): void {
    if (++this.#failures >= this.#options.threshold) this.open(reason)
  }

  /** Opens immediately, regardless of the count. Does nothing if the circuit is open. */
  open (reason: Error): void {
    if (this.#open || this.#stopped) return
    this.#open = true
    this.#waitMs = this.#options.probeMs
    this.#options.onOpen(reason)
    this.#schedule()
  }

  /** Closes immediately: the server works. Does nothing if the circuit is closed. */
  close (): void {
    if (!this.#open || this.#stopped) return
    clearTimeout(this.#timer)
    this.#open = false
    this.#failures = 0
    this.#options.onClose()
  }

  /** Stops probing permanently. */
  stop (): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule (): void {
    this.#timer = setTimeout(() => {
      this.#options.probe().then(() => this.close(), () => {
        this.#waitMs = Math.min(this.#waitMs * 2, this.#options.maxProbeMs)
        if (this.#open && !this.#stopped) this.#schedule()
      })
    }, this.#waitMs)
    this.#timer.unref()
  }
}
