import type { TextResult } from './protocol.ts'

/**
 * The texts of one request, or of one stream: the unit of fairness among the requests of a caller. A flow can have texts in
 * the queues of two models while one replaces the other.
 */
export class Flow {
  /** Who sent the request (a key or an address): the unit of fairness among callers. */
  readonly caller: string
  /** Whether one of its texts was taken from a queue before: an old flow, in the terms of fq_codel. */
  served = false

  constructor (caller: string) {
    this.caller = caller
  }
}

/** A text's result and its times in milliseconds; points in time are on `performance.now()`'s clock. */
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
  /** Runs that it was part of. */
  attempts: number
  /** No caller waits for it any more: a lost run is not repeated. */
  cancelled: boolean
  resolve: (result: ComputedText) => void
  reject: (error: Error) => void
}

/** What a text costs beyond its tokens, as the equivalent of bytes: a run of few tokens still reads all weights. */
const BASE_COST = 64

/** Bytes beyond which a text costs no more: most models read 512 tokens of about four bytes each. */
const MAX_COST_BYTES = 2048

/** Estimated cost of a text in bytes of typical text, which is roughly proportional to the time that it takes a worker. */
export function estimateCost (text: string): number {
  return BASE_COST + Math.min(Buffer.byteLength(text), MAX_COST_BYTES)
}
