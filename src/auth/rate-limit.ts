import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { RedisConnection } from '../cache/redis-connection.ts'

export interface Window {
  /** Count in this window. */
  current: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Most keys that are counted at once, about 100 bytes each: made-up addresses cannot fill the memory. */
const MAX_KEYS = 50_000

/** Counts by key in windows of a fixed length, in memory. */
export class WindowCounter {
  readonly #windowMs: number
  readonly #windows = new LRUCache<string, { count: number, ends: number }>({ max: MAX_KEYS })

  constructor (windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Counts one more; the first one opens the window. */
  increment (key: string, now = Date.now()): Window {
    let window = this.#windows.get(key)
    if (window === undefined || window.ends <= now) {
      window = { count: 0, ends: now + this.#windowMs }
      this.#windows.set(key, window)
    }
    return { current: ++window.count, ttl: window.ends - now }
  }

  /** The window as it is; nothing is counted. */
  peek (key: string, now = Date.now()): Window {
    const window = this.#windows.get(key)
    return window === undefined || window.ends <= now ? { current: 0, ttl: 0 } : { current: window.count, ttl: window.ends - now }
  }
}

/** One step, so that no counter is left without an expiry. Returns the count and the milliseconds until the window ends. */
const INCREMENT = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {current, redis.call('PTTL', KEYS[1])}`

const PREFIX = 'sentiment:rate:'

/** Counts of all processes together in Redis; of this process alone, in memory, while Redis is down. */
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
