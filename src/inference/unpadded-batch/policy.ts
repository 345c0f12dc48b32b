import { LANE_COUNTS } from '../lane-counts.ts'
import type { QueuedText } from '../fair-queue.ts'

/** A run of several texts may take at most this share of the time that each of them has waited for it. */
const WAIT_SHARE = 2 / 3

/**
 * Bytes that a run's longest text may have, times the number of its texts: four tweets, or two of twice their length. A long one
 * keeps the others waiting, and gains little, as computing it takes longer than reading the weights. A token is a byte at least,
 * so this bounds what a run costs, whatever its texts are: it must be over long before its worker counts as hung.
 */
const MAX_BYTES = 800

/** Texts of a run that may be of one request where no other waits: who comes then waits for no more than these. */
const OF_ONE_REQUEST = 2

export interface SharedRunState {
  /** Most texts of a run that the model can take. */
  lanes: number
  /** Requests that wait. */
  requests: number
  /** Milliseconds that one text costs. */
  runMs: number
  /** Now, in `performance.now()`'s time. */
  now: number
}

/**
 * Those of the entries, which are next in turn, that run together: one, unless all that run have waited for several times as
 * long as their run takes, so that sharing it shortens the queue by more than it lengthens their way.
 */
export function sharedRun (upcoming: readonly QueuedText[], { lanes, requests, runMs, now }: SharedRunState): readonly QueuedText[] {
  const most = Math.min(lanes, Math.max(OF_ONE_REQUEST, requests))
  const fits = (count: number): boolean => {
    if (count > most || count > upcoming.length) return false
    const latest = now - count * runMs / WAIT_SHARE
    // A text whose worker was lost may be the reason: it runs alone.
    return upcoming.slice(0, count).every(({ text, attempts, queuedAt }) =>
      queuedAt <= latest && attempts === 0 && Buffer.byteLength(text) * count <= MAX_BYTES)
  }
  return upcoming.slice(0, LANE_COUNTS.findLast((count) => fits(count)) ?? 1)
}
