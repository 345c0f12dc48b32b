import { setImmediate as nextIteration, setTimeout as delay } from 'node:timers/promises'
import { buildRequestBytes } from './connection.ts'
import { InFlight } from './in-flight.ts'
import type { LoadJob, LoadResult } from './load.ts'

/** Milliseconds between the ticks of a coarse load. */
const COARSE_TICK_MS = 10
/** Share of requests that may be late before a load with a bound ends early: its p99 is above the bound. */
const LATE_SHARE = 0.01

/**
 * Sends `rate` requests per second at a constant arrival rate, whether or not earlier ones have been answered. Latency counts
 * from a request's planned send time, so a generator or service that falls behind does not hide it (no coordinated omission).
 * autocannon's own rate limit sends each second's requests in one burst and waits for answers.
 */
export async function sendOpenLoop (job: LoadJob & { rate: number, seconds: number }): Promise<LoadResult> {
  const { url, path = '/predict', method = 'POST', requests = [{ body: '' }], rate, seconds, connections, coarse = false, boundMs = Infinity } = job
  const prepared = requests.map((item) => ({ item, bytes: buildRequestBytes(`${url}${path}`, method, item.body) }))
  const inFlight = new InFlight(url, connections, boundMs)
  const planned = Math.round(rate * seconds)
  const toMs = (index: number): number => index / rate * 1000
  let maxSendDelayMs = 0
  const start = performance.now()
  for (let sent = 0; sent < planned;) {
    const elapsed = performance.now() - start
    const tick = coarse ? Math.floor(elapsed / COARSE_TICK_MS) * COARSE_TICK_MS : elapsed
    for (; sent < planned && toMs(sent) <= tick; sent++) {
      const { item, bytes } = prepared[sent % prepared.length] as typeof prepared[number]
      // In a coarse load, a request is planned for the first tick after it is due.
      const plannedAt = start + (coarse ? Math.ceil(toMs(sent) / COARSE_TICK_MS) * COARSE_TICK_MS : toMs(sent))
      maxSendDelayMs = Math.max(maxSendDelayMs, performance.now() - plannedAt)
      inFlight.send(item, bytes, plannedAt)
    }
    // Requests planned before this moment have been answered in time, or are late.
    const decided = Math.floor(Math.max(0, elapsed - boundMs) / 1000 * rate)
    if (decided - inFlight.inTime > planned * LATE_SHARE) break
    if (coarse) await blockUntil(start + tick + COARSE_TICK_MS)
    else await delay(Math.max(1, toMs(sent) - (performance.now() - start)))
  }
  const result = await inFlight.finish()
  return { ...result, openLoop: { planned, inTime: inFlight.inTime, maxSendDelayMs } }
}

const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/**
 * Blocks the thread until `time`, then reads the responses that have arrived. At a high rate, responses would otherwise wake the
 * thread 800 times per second instead of 100. The latency of an answer includes up to one tick of waiting to be read.
 */
async function blockUntil (time: number): Promise<void> {
  Atomics.wait(NEVER, 0, 0, Math.max(0, time - performance.now()))
  await nextIteration()
}
