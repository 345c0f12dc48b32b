import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { Connection, requestBytes, type Asker } from './connection.ts'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** What is due is sent this often, in milliseconds: a generator that wakes for every request takes the cores from the service. */
const GRAIN_MS = 10

/**
 * Sends `rate` requests a second, evenly spaced, whether or not earlier ones were answered. autocannon's own rate limit
 * sends each second's requests in one burst and waits for answers, which hides what a late answer delays.
 */
export async function pacedLoad ({ url, path = '/predict', method = 'POST', requests = [{ body: '' }], rate, seconds, connections }: LoadJob & { rate: number, seconds: number }): Promise<LoadResult> {
  const ready = requests.map((item) => ({ item, bytes: requestBytes(`${url}${path}`, method, item.body) }))
  const exchanges = new Exchanges(new ConnectionPool(url, connections))
  const count = Math.round(rate * seconds)
  const pause = rate * GRAIN_MS < 1000 ? () => delay(GRAIN_MS) : sleepThrough
  let sent = 0
  const start = performance.now()
  while (sent < count) {
    const due = Math.min(count, Math.floor((performance.now() - start) / 1000 * rate) + 1)
    for (; sent < due; sent++) {
      const { item, bytes } = ready[sent % ready.length] as typeof ready[number]
      exchanges.begin(item, bytes)
    }
    await pause()
  }
  return await exchanges.finished()
}

const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/**
 * A grain in which nothing wakes this thread; then what has arrived is read. Where every grain brings requests their
 * answers would wake it 800 times a second instead of 100. Their latency counts up to a grain more than it was.
 */
async function sleepThrough (): Promise<void> {
  Atomics.wait(NEVER, 0, 0, GRAIN_MS)
  await nextTurn()
}

/** The requests of one load, and what comes back. */
class Exchanges {
  readonly recorder = new Recorder()
  readonly pool: ConnectionPool
  #open = 0
  #errors = 0
  #onFinished: () => void = () => {}

  constructor (pool: ConnectionPool) {
    this.pool = pool
  }

  begin (item: LoadRequest, bytes: Buffer): void {
    this.#open++
    const exchange = new Exchange(this, item, performance.now())
    this.pool.take((connection) => exchange.send(connection, bytes))
  }

  end (failed: boolean): void {
    if (failed) this.#errors++
    if (--this.#open === 0) this.#onFinished()
  }

  /** Waits until every request that was begun has its answer. */
  async finished (): Promise<LoadResult> {
    if (this.#open > 0) await new Promise<void>((resolve) => { this.#onFinished = resolve })
    this.pool.close()
    return this.recorder.result({ errors: this.#errors, timeouts: 0 })
  }
}

class Exchange implements Asker {
  readonly readsBody: boolean
  readonly #exchanges: Exchanges
  readonly #item: LoadRequest
  readonly #start: number
  #connection: Connection | undefined

  constructor (exchanges: Exchanges, item: LoadRequest, start: number) {
    this.#exchanges = exchanges
    this.#item = item
    this.#start = start
    this.readsBody = item.expect !== undefined
  }

  send (connection: Connection, bytes: Buffer): void {
    this.#connection = connection
    connection.send(bytes, this)
  }

  answered (status: number, body: string): void {
    const { recorder } = this.#exchanges
    recorder.response(status, performance.now() - this.#start)
    recorder.answer(this.#item, status, body)
    this.#end(false)
  }

  failed (): void {
    this.#end(true)
  }

  #end (failed: boolean): void {
    this.#exchanges.pool.give(this.#connection as Connection)
    this.#exchanges.end(failed)
  }
}

/** At most `limit` connections, opened as they are needed; whoever finds none waits. */
class ConnectionPool {
  readonly #url: string
  readonly #limit: number
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor (url: string, limit: number) {
    this.#url = url
    this.#limit = limit
  }

  /** Calls `use` with a connection that is free or new: at once, or with the next that comes free. */
  take (use: (connection: Connection) => void): void {
    const free = this.#free.pop()
    if (free?.usable === true) {
      use(free)
      return
    }
    if (free !== undefined) this.#all.delete(free)
    if (this.#all.size < this.#limit) use(this.#open())
    else this.#waiting.push(use)
  }

  give (connection: Connection): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#free.push(connection)
    } else if (connection.usable) {
      next(connection)
    } else {
      this.#all.delete(connection)
      next(this.#open())
    }
  }

  close (): void {
    for (const connection of this.#all) connection.close()
  }

  #open (): Connection {
    const connection = new Connection(this.#url)
    this.#all.add(connection)
    return connection
  }
}
