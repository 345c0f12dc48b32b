import { LANE_COUNTS } from './lanes.ts'
import type { Entry } from './request-ring.ts'

/** A run of several texts may take at most this share of the time that each of them has waited for it. */
const WAIT_SHARE = 2 / 3

/**
 * UTF-16 code units of the longest text that shares a run, those of a tweet: a longer one keeps the others waiting, and gains
 * little, as computing it takes longer than reading the weights.
 */
const MAX_LENGTH = 280

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
export function sharedRun (upcoming: readonly Entry[], { lanes, requests, runMs, now }: SharedRunState): readonly Entry[] {
  const most = Math.min(lanes, Math.max(OF_ONE_REQUEST, requests))
  // A text whose worker was lost may be the reason: it runs alone.
  const alone = upcoming.findIndex(({ text, attempts }) => text.length > MAX_LENGTH || attempts > 0)
  const able = alone === -1 ? upcoming : upcoming.slice(0, alone)
  const fits = (count: number): boolean => {
    const latest = now - count * runMs / WAIT_SHARE
    return count <= most && count <= able.length && able.slice(0, count).every(({ queuedAt }) => queuedAt <= latest)
  }
  return upcoming.slice(0, LANE_COUNTS.findLast((count) => fits(count)) ?? 1)
}
