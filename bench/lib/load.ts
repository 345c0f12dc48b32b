import type { Latency } from './statistics.ts'

/** One request of a load. */
export interface LoadRequest {
  body: string
  /** The answer that a one-by-one run gave to it: the load's own must not differ. */
  expect?: string
}

/** What the load generator is asked to send. */
export interface LoadJob {
  url: string
  path?: string
  method?: 'GET' | 'POST'
  /** None: requests without a body. */
  requests?: LoadRequest[]
  /**
   * `once`: the requests are shared out among the connections; there should be enough of them.
   * `cycle`: every connection sends all of them, over and over, each beginning at another one.
   */
  order?: 'once' | 'cycle'
  connections: number
  /** Ends after this time, or after every request was sent once where it is not given. */
  seconds?: number
  /** Requests a second, evenly spaced and whether or not earlier ones were answered; else as fast as answers come. */
  rate?: number
}

/** What came back. */
export interface LoadResult {
  seconds: number
  /** Answers with status 2xx, and their number a second. */
  answered: number
  perSecond: number
  statuses: Record<string, number>
  /** Connections that failed and requests that were never answered, as the generator counts them. */
  errors: number
  timeouts: number
  /** CPU time that the generator took; of all its loads where several run at once. */
  cpuMs: number
  /** Answers that were compared with a known one, and those of them that differ. */
  checked: number
  wrong: number
  /** Of answers with status 2xx, and of refusals (503); milliseconds. */
  latency: Latency
  refusedLatency: Latency
}

const CACHED = /"cached":(true|false)/g

/** Whether two answers are equal to the last digit; where they came from is no part of it. */
export function sameAnswer (a: string, b: string): boolean {
  return a === b || a.replaceAll(CACHED, '') === b.replaceAll(CACHED, '')
}
