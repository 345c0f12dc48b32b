import type { ScheduledResult } from '../inference/scheduler.ts'

/** What one request went through, for metrics and traces. Times are milliseconds; moments are `performance.now()`'s. */
export interface PredictionTrace {
  /** Texts asked for, equal ones counted each. */
  texts: number
  startedAt: number
  cacheMs: number
  /** When the texts that no cache had went to the queue; undefined where all were there. */
  queuedAt: number | undefined
  /** Of the texts that the model ran for this request, or for another that shares them. */
  runs: readonly ScheduledResult[]
  /** Why the request was not answered. */
  error: unknown
}
