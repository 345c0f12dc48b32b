import type { Row, Scored } from './rows.ts'

/** Who scores rows: this process, or a running service. */
export interface Scorer {
  /** Name, revision and number format: a run is only continued by the same. */
  model: string
  labels: readonly string[]
  /** The rows with their results, in order. Throws ScoringError where it cannot go on; returns when `signal` aborts. */
  score: (rows: AsyncIterable<readonly Row[]>, signal: AbortSignal) => AsyncGenerator<Scored[], void>
  close: () => Promise<void>
}

/** Rows cannot be scored right now, or not at all; what is done is kept. */
export class ScoringError extends Error {}

/** Codes of failures that pass: the row is asked for again, not marked. */
export const PASSING: ReadonlySet<string> = new Set(['OVERLOADED', 'NOT_READY', 'TIMEOUT', 'REQUEST_TIMEOUT', 'RATE_LIMITED'])
