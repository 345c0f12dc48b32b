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

const NOT_COMPARED = new Set(['cached'])

/**
 * Whether two answers are equal to the last digit, in the fields that both have: `cached` depends on earlier requests, and
 * another version of the service may send fewer fields.
 */
export function isSameAnswer (a: string, b: string): boolean {
  if (a === b) return true
  try {
    return isSame(JSON.parse(a), JSON.parse(b))
  } catch {
    // An answer that is cut off, for example.
    return false
  }
}

function isSame (a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b
  const common = Object.keys(a).filter((key) => key in b && !NOT_COMPARED.has(key))
  if (Array.isArray(a) && common.length !== Math.max(a.length, Object.keys(b).length)) return false
  return common.length > 0 && common.every((key) => isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
}
