import { setImmediate as nextIteration, setTimeout as delay } from 'node:timers/promises'
import { ConnectionPool } from './connection-pool.ts'
import { buildRequestBytes, type Connection, type RequestHandler } from './connection.ts'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** Milliseconds between the ticks of a coarse load. */
const COARSE_TICK_MS = 10

/**
 * Sends `rate` requests per second at a constant arrival rate, whether or not earlier ones have been answered. Latency counts
 * from a request's planned send time, so a generator or service that falls behind does not hide it (no coordinated omission).
 * autocannon's own rate limit sends each second's requests in one burst and waits for answers.
 */
export async function sendOpenLoop (job: LoadJob & { rate: number, seconds: number }): Promise<LoadResult> {
  const { url, path = '/predict', method = 'POST', requests = [{ body: '' }], rate, seconds, connections, coarse = false } = job
  const prepared = requests.map((item) => ({ item, bytes: buildRequestBytes(`${url}${path}`, method, item.body) }))
  const inFlight = new InFlight(new ConnectionPool(url, connections))
  const count = Math.round(rate * seconds)
  const start = performance.now()
  for (let sent = 0; sent < count;) {
    const elapsed = performance.now() - start
    const tick = coarse ? Math.floor(elapsed / COARSE_TICK_MS) * COARSE_TICK_MS : elapsed
    for (; sent < count && sent / rate * 1000 <= tick; sent++) {
      const { item, bytes } = prepared[sent % prepared.length] as typeof prepared[number]
      // In a coarse load, a request is planned for the first tick after it is due.
      const due = sent / rate * 1000
      inFlight.send(item, bytes, start + (coarse ? Math.ceil(due / COARSE_TICK_MS) * COARSE_TICK_MS : due))
    }
    if (coarse) await blockUntil(start + tick + COARSE_TICK_MS)
    else await delay(Math.max(1, sent / rate * 1000 - (performance.now() - start)))
  }
  return await inFlight.finish()
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

/** The requests of one load that have been sent but not answered. */
class InFlight {
  readonly recorder = new Recorder()
  readonly pool: ConnectionPool
  #open = 0
  #errors = 0
  #onEmpty: () => void = () => {}

  constructor (pool: ConnectionPool) {
    this.pool = pool
  }

  send (item: LoadRequest, bytes: Buffer, plannedAt: number): void {
    this.#open++
    const request = new OpenLoopRequest(this, item, plannedAt)
    this.pool.acquire((connection) => request.send(connection, bytes))
  }

  complete (failed: boolean): void {
    if (failed) this.#errors++
    if (--this.#open === 0) this.#onEmpty()
  }

  /** Waits until every request has completed. */
  async finish (): Promise<LoadResult> {
    if (this.#open > 0) await new Promise<void>((resolve) => { this.#onEmpty = resolve })
    this.pool.close()
    return this.recorder.toResult({ errors: this.#errors, timeouts: 0 })
  }
}

class OpenLoopRequest implements RequestHandler {
  readonly readsBody: boolean
  readonly #inFlight: InFlight
  readonly #item: LoadRequest
  readonly #plannedAt: number
  #connection: Connection | undefined

  constructor (inFlight: InFlight, item: LoadRequest, plannedAt: number) {
    this.#inFlight = inFlight
    this.#item = item
    this.#plannedAt = plannedAt
    this.readsBody = item.expect !== undefined
  }

  send (connection: Connection, bytes: Buffer): void {
    this.#connection = connection
    connection.send(bytes, this)
  }

  answered (status: number, body: string): void {
    const { recorder } = this.#inFlight
    recorder.recordStatus(status, performance.now() - this.#plannedAt)
    recorder.recordBody(this.#item, status, body)
    this.#complete(false)
  }

  failed (): void {
    this.#complete(true)
  }

  #complete (failed: boolean): void {
    this.#inFlight.pool.release(this.#connection as Connection)
    this.#inFlight.complete(failed)
  }
}
