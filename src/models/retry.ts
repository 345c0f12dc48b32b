import { setTimeout as delay } from 'node:timers/promises'

/** A failure that may pass: a dropped connection, a time-out, a 5xx or 429. */
export class TransientError extends Error {
  /** Milliseconds to wait that the server requested, if any. */
  readonly retryAfterMs: number | undefined

  constructor (message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransientError'
    this.retryAfterMs = retryAfterMs
  }
}

export interface RetryOptions {
  /** Tries in a row without progress, at least 1. */
  attempts: number
  /** Milliseconds before the second try; doubles with each further one. */
  baseMs: number
  maxMs: number
}

export const DEFAULT_RETRY: RetryOptions = { attempts: 5, baseMs: 500, maxMs: 10_000 }

/**
 * Calls `attempt` until it succeeds or fails for good: with anything but TransientError, or after `attempts` tries. A try
 * that `madeProgress` counts as the first again, so that a bad line still brings a large file home, piece by piece.
 */
export async function withRetry<T> (
  { attempts, baseMs, maxMs }: RetryOptions, signal: AbortSignal, attempt: () => Promise<T>, madeProgress: () => boolean
): Promise<T> {
  for (let failures = 0; ;) {
    try {
      return await attempt()
    } catch (error) {
      if (signal.aborted || !(error instanceof TransientError)) throw error
      failures = madeProgress() ? 1 : failures + 1
      if (failures >= attempts) throw error
      const backoff = Math.min(maxMs, baseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
      await delay(Math.min(error.retryAfterMs ?? backoff, maxMs), undefined, { signal })
    }
  }
}
