import type { TextResult } from './protocol.ts'

/**
 * The texts of one request or stream: the unit of fairness among the requests of a caller. A flow can have texts in
 * the queues of two models while one replaces the other.
 */
export class Flow {
  /** Sender of the request (a key or an address): the unit of fairness among callers. */
  readonly caller: string
  /** Whether one of its texts has been taken from a queue: an old flow, in the terms of fq_codel. */
  served = false

  constructor (caller: string) {
    this.caller = caller
  }
}

/** A text's result and its times in milliseconds, points in time on `performance.now()`'s clock. */
export interface ComputedText extends TextResult {
  queuedAt: number
  /** Time in the queue. */
  queueMs: number
  finishedAt: number
}

/** A text that waits for a worker, or is in a run. */
export interface QueuedText {
  readonly text: string
  /** Estimated cost, see `estimateCost`. */
  readonly cost: number
  readonly flow: Flow
  readonly queuedAt: number
  /** Number of runs that it was part of. */
  attempts: number
  /** Whether no caller waits for it any more: a lost run is then not repeated. */
  cancelled: boolean
  resolve: (result: ComputedText) => void
  reject: (error: Error) => void
}

/** Cost of a text regardless of its length, in bytes of text: even a run of a few tokens reads all weights. */
const BASE_COST = 64

/** Length in bytes above which the cost does not grow: most models read 512 tokens of about four bytes each. */
const MAX_COST_BYTES = 2048

/** Estimates the cost of a text in bytes of typical text, which is roughly proportional to the time of its computation. */
export function estimateCost (text: string): number {
  return BASE_COST + Math.min(Buffer.byteLength(text), MAX_COST_BYTES)
}
