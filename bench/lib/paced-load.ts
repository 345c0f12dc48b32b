import { setTimeout as delay } from 'node:timers/promises'
import { Connection, requestBytes } from './connection.ts'
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
  const pool = new ConnectionPool(url, connections)
  const recorder = new Recorder()
  const count = Math.round(rate * seconds)
  const pending: Promise<void>[] = []
  let errors = 0
  const start = performance.now()
  while (pending.length < count) {
    const due = Math.min(count, Math.floor((performance.now() - start) / 1000 * rate) + 1)
    while (pending.length < due) {
      const { item, bytes } = ready[pending.length % ready.length] as typeof ready[number]
      pending.push(exchange(pool, recorder, item, bytes).catch(() => { errors++ }))
    }
    await delay(GRAIN_MS)
  }
  await Promise.all(pending)
  pool.close()
  return recorder.result({ errors, timeouts: 0 })
}

async function exchange (pool: ConnectionPool, recorder: Recorder, item: LoadRequest, bytes: Buffer): Promise<void> {
  const start = performance.now()
  const connection = pool.take() ?? await pool.next()
  await new Promise<void>((resolve, reject) => {
    connection.send(bytes, ({ status, body }) => {
      recorder.response(status, performance.now() - start)
      if (item.expect !== undefined) recorder.answer(item, status, body())
      pool.give(connection)
      resolve()
    }, (error) => {
      pool.give(connection)
      reject(error)
    })
  })
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

  /** A connection that is free or new; undefined where all are in use. */
  take (): Connection | undefined {
    const free = this.#free.pop()
    if (free !== undefined && free.usable) return free
    if (free !== undefined) this.#all.delete(free)
    return this.#all.size < this.#limit ? this.#open() : undefined
  }

  /** The next connection that comes free. */
  next (): Promise<Connection> {
    return new Promise((resolve) => { this.#waiting.push(resolve) })
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
