import { setTimeout as delay } from 'node:timers/promises'

/** A temporary failure: a dropped connection, a timeout, status 5xx or 429. */
export class TransientError extends Error {
  /** Milliseconds that the server requested the client to wait, if any. */
  readonly retryAfterMs: number | undefined

  constructor (message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransientError'
    this.retryAfterMs = retryAfterMs
  }
}

export interface RetryOptions {
  /** Consecutive attempts without progress, at least 1. */
  attempts: number
  /** Milliseconds before the second attempt; doubles with each further one. */
  baseMs: number
  /** Upper bound of that wait, in milliseconds. */
  maxMs: number
  /** Upper bound of a Retry-After delay, in milliseconds. */
  maxRetryAfterMs: number
  /** Called before each further attempt, with the wait in milliseconds. */
  onRetry?: (error: TransientError, waitMs: number) => void
}

export const DEFAULT_RETRY: RetryOptions = { attempts: 5, baseMs: 500, maxMs: 10_000, maxRetryAfterMs: 300_000 }

/**
 * Calls `attempt` until it succeeds or fails permanently: with any error but TransientError, or after `attempts` consecutive
 * attempts without progress. An attempt that `madeProgress` resets the count, so that a large file completes over a flaky
 * connection.
 */
export async function withRetry<T> (
  { attempts, baseMs, maxMs, maxRetryAfterMs, onRetry }: RetryOptions, signal: AbortSignal, attempt: () => Promise<T>, madeProgress: () => boolean
): Promise<T> {
  for (let failures = 0; ;) {
    try {
      return await attempt()
    } catch (error) {
      if (signal.aborted || !(error instanceof TransientError)) throw error
      failures = madeProgress() ? 1 : failures + 1
      if (failures >= attempts) throw error
      const backoff = Math.min(maxMs, baseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
      const waitMs = error.retryAfterMs === undefined ? backoff : Math.min(error.retryAfterMs, maxRetryAfterMs)
      onRetry?.(error, waitMs)
      await delay(waitMs, undefined, { signal })
    }
  }
}
