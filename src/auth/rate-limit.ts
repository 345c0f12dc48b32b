import { LRUCache } from 'lru-cache'
import type { RedisConnection } from '../cache/redis-connection.ts'
import { rateLimited } from '../errors.ts'

/** Milliseconds after which a caller with too many texts in flight may retry. */
const RETRY_MS = 1000

/** Bounds the texts that each caller has in flight, so that one caller cannot fill the queue. */
export class CallerLimits {
  readonly #limit: number
  readonly #inFlight = new Map<string, number>()

  /** @param limit texts per caller; 0 is no limit */
  constructor (limit: number) {
    this.#limit = limit
  }

  /**
   * Counts `texts` of a caller as in flight until `release`. A caller that has none in flight is always admitted: a batch may be
   * larger than the limit.
   * @throws {Error} RATE_LIMITED if the caller has too many in flight
   */
  acquire (caller: string, texts: number): void {
    const current = this.#inFlight.get(caller) ?? 0
    if (this.#limit > 0 && current > 0 && current + texts > this.#limit) {
      throw rateLimited(`Limited to ${this.#limit} texts in flight per caller`, RETRY_MS)
    }
    this.#inFlight.set(caller, current + texts)
  }

  release (caller: string, texts: number): void {
    const remaining = (this.#inFlight.get(caller) ?? 0) - texts
    if (remaining > 0) this.#inFlight.set(caller, remaining)
    else this.#inFlight.delete(caller)
  }
}

export interface Window {
  /** Count in this window. */
  current: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Maximum number of keys, about 100 bytes each: forged addresses cannot fill the memory. */
const MAX_KEYS = 50_000

/** Counts by key in windows of a fixed length, in memory. */
export class WindowCounter {
  readonly #windowMs: number
  readonly #windows = new LRUCache<string, { count: number, ends: number }>({ max: MAX_KEYS })

  constructor (windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Adds `count` unless the sum would exceed `limit`; the first call for a key opens its window. */
  add (key: string, count = 1, limit = Infinity, now = Date.now()): Window & { added: boolean } {
    let window = this.#windows.get(key)
    if (window === undefined || window.ends <= now) {
      window = { count: 0, ends: now + this.#windowMs }
      this.#windows.set(key, window)
    }
    const added = window.count + count <= limit
    if (added) window.count += count
    return { current: window.count, ttl: window.ends - now, added }
  }
}

/**
 * The same in Redis, atomically. A counter without an expiry, which a crash or another program may have left, would block its caller
 * forever, so it is reset.
 */
const ADD = `
local current = tonumber(redis.call('GET', KEYS[1])) or 0
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then
  current = 0
  ttl = tonumber(ARGV[3])
  redis.call('SET', KEYS[1], 0, 'PX', ttl)
end
if current + ARGV[1] > tonumber(ARGV[2]) then return {current, ttl, 0} end
return {redis.call('INCRBY', KEYS[1], ARGV[1]), ttl, 1}`

const PREFIX = 'sentiment:rate:'

/**
 * Counts the texts of each caller in fixed windows: in Redis for all processes together, and in memory for this process while Redis is
 * down. A caller is the name of a key, or an address: Redis never stores anything derived from a key.
 */
export class RateLimiter {
  readonly limit: number
  readonly #redis: RedisConnection | undefined
  readonly #windowMs: number
  readonly #memory: WindowCounter
  /** Callers whose window in Redis is used up, with its end. */
  readonly #exhausted = new LRUCache<string, number>({ max: MAX_KEYS })

  /** @param limit texts per caller and window */
  constructor (redis: RedisConnection | undefined, { limit, windowMs }: { limit: number, windowMs: number }) {
    this.limit = limit
    this.#redis = redis
    this.#windowMs = windowMs
    this.#memory = new WindowCounter(windowMs)
  }

  /** Counts `texts` of a caller. If they would exceed the limit, nothing is counted and `added` is false. */
  async add (caller: string, texts: number): Promise<Window & { added: boolean }> {
    const answer = await this.#redis?.execute((redis) => redis.eval(ADD, 1, `${PREFIX}${caller}`, texts, this.limit, this.#windowMs))
    if (!Array.isArray(answer)) return this.#memory.add(caller, texts, this.limit)
    const [current, ttl, added] = answer as [number, number, number]
    if (current >= this.limit) this.#exhausted.set(caller, Date.now() + ttl)
    return { current, ttl, added: added === 1 }
  }

  /** Milliseconds until the caller's window ends if its limit is known to be used up, else 0: such a request is rejected without its body. */
  exhaustedMs (caller: string): number {
    if (this.#redis?.state === 'up') return Math.max(0, (this.#exhausted.get(caller) ?? 0) - Date.now())
    const { current, ttl } = this.#memory.add(caller, 0)
    return current >= this.limit ? ttl : 0
  }
}
