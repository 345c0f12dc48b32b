import { Connection } from './connection.ts'

/** At most `limit` connections, opened on demand; further requests wait for a free one. */
export class ConnectionPool {
  readonly #url: string
  readonly #limit: number
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor (url: string, limit: number) {
    this.#url = url
    this.#limit = limit
  }

  /** Calls `use` with a free or new connection, immediately or when one is released. */
  acquire (use: (connection: Connection) => void): void {
    const free = this.#free.pop()
    if (free?.usable === true) {
      use(free)
      return
    }
    if (free !== undefined) this.#all.delete(free)
    if (this.#all.size < this.#limit) use(this.#open())
    else this.#waiting.push(use)
  }

  /** Returns a connection to the pool, which replaces it if it was closed. */
  release (connection: Connection): void {
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

  /** Closes all connections; requests that wait for one are dropped. */
  close (): void {
    this.#waiting.length = 0
    for (const connection of this.#all) connection.close()
  }

  #open (): Connection {
    const connection = new Connection(this.#url)
    this.#all.add(connection)
    return connection
  }
}
