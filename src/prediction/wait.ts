import { TimeoutError } from '../errors.ts'

/** A wait that is aborted when the client disconnects or the deadline passes. */
export class Wait {
  readonly #controller = new AbortController()
  readonly #client: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #onDisconnect = (): void => this.#controller.abort(this.#client.reason)

  constructor (client: AbortSignal, deadline: number, timeoutMs: number) {
    this.#client = client
    this.#timer = setTimeout(() => this.#controller.abort(new TimeoutError(timeoutMs)), deadline - performance.now())
    client.addEventListener('abort', this.#onDisconnect)
    if (client.aborted) this.#onDisconnect()
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  end (): void {
    clearTimeout(this.#timer)
    this.#client.removeEventListener('abort', this.#onDisconnect)
  }
}
