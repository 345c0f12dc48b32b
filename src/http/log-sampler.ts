import type { FastifyBaseLogger } from 'fastify'

const WINDOW_MS = 10_000

/**
 * Bounds the lines that refused requests write to the log: a flood must not rotate away what was logged before it. The number of
 * lines left out is logged at the end of each window.
 */
export class LogSampler {
  readonly #maxLines: number
  #lines = 0
  #omitted: Record<string, number> = {}
  #timer: NodeJS.Timeout | undefined

  /** @param maxLines lines per 10 seconds */
  constructor (maxLines: number) {
    this.#maxLines = maxLines
  }

  /** Whether a line about an answer with this status is to be written. */
  admit (status: number, log: FastifyBaseLogger): boolean {
    this.#timer ??= setTimeout(() => this.#endWindow(log), WINDOW_MS).unref()
    if (++this.#lines <= this.#maxLines) return true
    this.#omitted[status] = (this.#omitted[status] ?? 0) + 1
    return false
  }

  #endWindow (log: FastifyBaseLogger): void {
    if (Object.keys(this.#omitted).length > 0) log.warn({ omitted: this.#omitted }, 'Refused requests omitted from the log, by status')
    this.#timer = undefined
    this.#lines = 0
    this.#omitted = {}
  }
}
