import type { Latency } from '../lib/statistics.ts'

/** One request of a load. */
export interface LoadRequest {
  body: string
  /** The answer to the same request sent alone; the load's answer must be equal. */
  expect?: string
}

/** A load to send. */
export interface LoadJob {
  url: string
  path?: string
  method?: 'GET' | 'POST'
  /** Omitted: requests without a body. */
  requests?: LoadRequest[]
  /**
   * `once`: the requests are divided among the connections; there must be enough for the duration.
   * `cycle`: every connection sends all of them repeatedly, each starting at a different one.
   */
  order?: 'once' | 'cycle'
  connections: number
  /** Duration; if omitted, the load ends when every request has been sent once. */
  seconds?: number
  /** Requests per second of an open-loop load (constant arrival rate); if omitted, the load is closed-loop. */
  rate?: number
  /** Open loop only: send and read every 10 ms and block in between, which costs the generator half the CPU time. */
  coarse?: boolean
  /** Open loop only: counts answers within this latency as in time, and ends the load early once over 1 % of all requests are late. */
  boundMs?: number
}

/** The outcome of a load. */
export interface LoadResult {
  seconds: number
  /** Answers with status 2xx, in total and per second. */
  answered: number
  perSecond: number
  /** Open loop only: planned requests, answers within the bound, and the longest delay between planned and actual send time. */
  openLoop?: { planned: number, inTime: number, maxSendDelayMs: number }
  statuses: Record<string, number>
  /** Failed connections, and requests without an answer in time, as counted by the generator. */
  errors: number
  timeouts: number
  /** CPU time of the generator, shared by all loads that run at once. */
  cpuMs: number
  /** Answers compared with an expected one, and how many of them differ. */
  checked: number
  wrong: number
  /** Milliseconds, of answers with status 2xx and of refusals (503). */
  latency: Latency
  refusedLatency: Latency
}

const CACHED = /"cached":(true|false)/g

/** Whether two answers are equal to the last digit, ignoring `cached`. */
export function isSameAnswer (a: string, b: string): boolean {
  return a === b || a.replaceAll(CACHED, '') === b.replaceAll(CACHED, '')
}
