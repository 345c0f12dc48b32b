import type { RedisConnection, RedisState } from './redis-connection.ts'

type Values = readonly (Buffer | null)[] | undefined

/** Keys that are read with one MGET. */
interface Read {
  keys: string[]
  values: Promise<Values>
}

/** Maximum number of keys per MGET, unless a single caller requests more: Redis executes no other command at the same time. */
const MAX_KEYS = 512

/** Answers that processes share in Redis. Every failure is a miss. */
export class RedisStore {
  readonly #connection: RedisConnection
  readonly #ttlSeconds: number
  /** The read that collects the keys of all callers of this event loop tick. */
  #next: Read | undefined

  constructor (connection: RedisConnection, { ttlSeconds }: { ttlSeconds: number }) {
    this.#connection = connection
    this.#ttlSeconds = ttlSeconds
  }

  get state (): RedisState {
    return this.#connection.state
  }

  /**
   * The values of `keys`. Calls in one tick of the event loop share one MGET: 18 % more hits per second than with one
   * MGET each in ioredis' automatic pipelines (`hit-redis`). Never rejects, and resolves within the connection's timeout.
   */
  async getMany (keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    const read = this.#join(keys)
    const first = read.keys.length
    read.keys.push(...keys)
    const values = await read.values
    return keys.map((_key, index) => values?.[first + index] ?? undefined)
  }

  /** Sends the value with its time to live, and does not wait for the reply; a failure is counted. */
  set (key: string, value: Buffer): void {
    void this.#connection.execute((redis) => redis.set(key, value, 'EX', this.#ttlSeconds))
  }

  #join (keys: readonly string[]): Read {
    if (this.#next !== undefined && this.#next.keys.length + keys.length <= MAX_KEYS) return this.#next
    const read: Read = { keys: [], values: new Promise((resolve) => { process.nextTick(() => resolve(this.#send(read))) }) }
    this.#next = read
    return read
  }

  #send (read: Read): Promise<Values> {
    if (this.#next === read) this.#next = undefined
    return this.#connection.execute((redis) => redis.mgetBuffer(read.keys))
  }
}
