import { ConnectionPool } from './connection-pool.ts'
import type { Connection, RequestHandler } from './connection.ts'
import type { LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** Milliseconds after the last request of a load until the ones without an answer count as timed out. */
const TIMEOUT_MS = 120_000
/** The same in a load with a latency bound, where they are late anyway: multiples of the bound. */
const TIMEOUT_BOUNDS = 10
const MIN_TIMEOUT_MS = 2000

/** The requests of one open-loop load that have been sent but not answered. */
export class InFlight {
  readonly recorder = new Recorder()
  readonly pool: ConnectionPool
  /** Answers with status 2xx within the bound. */
  inTime = 0
  readonly #boundMs: number
  #open = 0
  #errors = 0
  #onEmpty: () => void = () => {}

  constructor (url: string, connections: number, boundMs: number) {
    this.pool = new ConnectionPool(url, connections)
    this.#boundMs = boundMs
  }

  send (item: LoadRequest, bytes: Buffer, plannedAt: number): void {
    this.#open++
    const request = new OpenLoopRequest(this, item, plannedAt)
    this.pool.acquire((connection) => request.send(connection, bytes))
  }

  answer (item: LoadRequest, status: number, body: string, ms: number): void {
    this.recorder.recordStatus(status, ms)
    this.recorder.recordBody(item, status, body)
    if (status >= 200 && status < 300 && ms <= this.#boundMs) this.inTime++
    this.#complete()
  }

  fail (): void {
    this.#errors++
    this.#complete()
  }

  /** Waits until every request has completed or timed out, and closes the connections. */
  async finish (): Promise<LoadResult> {
    if (this.#open > 0) {
      const timeoutMs = Number.isFinite(this.#boundMs) ? Math.max(MIN_TIMEOUT_MS, TIMEOUT_BOUNDS * this.#boundMs) : TIMEOUT_MS
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const timeouts = this.#open
    const result = this.recorder.toResult({ errors: this.#errors + timeouts, timeouts })
    this.pool.close()
    return result
  }

  #complete (): void {
    if (--this.#open === 0) this.#onEmpty()
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
    this.#inFlight.pool.release(this.#connection as Connection)
    this.#inFlight.answer(this.#item, status, body, performance.now() - this.#plannedAt)
  }

  failed (): void {
    this.#inFlight.pool.release(this.#connection as Connection)
    this.#inFlight.fail()
  }
}
