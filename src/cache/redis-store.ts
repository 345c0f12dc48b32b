import type { RedisConnection, RedisState } from './redis-connection.ts'

/** Answers shared between processes, in Redis. Whatever goes wrong is a miss. */
export class RedisStore {
  readonly #connection: RedisConnection
  readonly #ttlSeconds: number

  constructor (connection: RedisConnection, { ttlSeconds }: { ttlSeconds: number }) {
    this.#connection = connection
    this.#ttlSeconds = ttlSeconds
  }

  get state (): RedisState {
    return this.#connection.state
  }

  /** The values of `keys`, read with one MGET. Never rejects, and answers within the connection's time-out. */
  async getMany (keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    const values = await this.#connection.ask((redis) => redis.mgetBuffer(...keys))
    return keys.map((_key, index) => values?.[index] ?? undefined)
  }

  /** Sends the value, with its time to live. Nobody waits for it; a failure is counted. */
  set (key: string, value: Buffer): void {
    void this.#connection.ask((redis) => redis.set(key, value, 'EX', this.#ttlSeconds))
  }
}
