import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import type { RedisConnection } from '../cache/redis-connection.ts'
import { WindowCounter, type Window } from './window-counter.ts'

/** One step, so that no counter is left without an end. Answers the count and the milliseconds until the window ends. */
const INCREMENT = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {current, redis.call('PTTL', KEYS[1])}`

const PREFIX = 'sentiment:rate:'

/** Counts of all processes together in Redis; of this one alone, in memory, while Redis does not answer. */
export class RateLimitStore implements FastifyRateLimitStore {
  readonly #redis: RedisConnection | undefined
  readonly #memory: WindowCounter
  readonly #windowMs: number

  constructor (redis: RedisConnection | undefined, windowMs: number) {
    this.#redis = redis
    this.#windowMs = windowMs
    this.#memory = new WindowCounter(windowMs)
  }

  incr (key: string, callback: (error: Error | null, window?: Window) => void): void {
    void this.#increment(key).then((window) => callback(null, window))
  }

  async #increment (key: string): Promise<Window> {
    const answer = await this.#redis?.execute((redis) => redis.eval(INCREMENT, 1, `${PREFIX}${key}`, this.#windowMs))
    if (!Array.isArray(answer)) return this.#memory.increment(key)
    const [current, ttl] = answer as [number, number]
    return { current, ttl }
  }

  /** All routes count together. */
  child (): this {
    return this
  }
}
