import { decode, encode, type Classification } from './codec.ts'
import type { MemoryStore } from './memory-store.ts'
import type { RedisState } from './redis-connection.ts'
import type { RedisStore } from './redis-store.ts'
import { SingleFlight, type Pending } from './single-flight.ts'

/** Events for metrics. */
export interface CacheEvents {
  onHit?: (tier: 'memory' | 'redis', count: number) => void
  onMiss?: (count: number) => void
  /** A text joined a computation in progress. */
  onJoin?: (count: number) => void
}

export interface PredictionCacheOptions extends CacheEvents {
  memory: MemoryStore
  redis?: Pick<RedisStore, 'state' | 'getMany' | 'set'>
}

export interface CacheStats {
  memory: { entries: number }
  redis: RedisState | 'off'
}

/** The stages of a request; filled in by `getOrCompute`, also if it fails. Times are milliseconds. */
export interface CacheTrace {
  cacheMs: number
  /** When the texts that no cache contained were passed to the model, on `performance.now()`'s clock. */
  queuedAt: number | undefined
}

export interface GetOrComputeOptions<T> {
  /** Number of labels of the model: values with another number are misses. */
  labelCount: number
  /** Returns the signal that ends the wait for a computation. Called only if a text must be computed. */
  signal: () => AbortSignal
  /** Starts to compute texts; returns one pending result per text. Its errors are passed on. */
  compute: (texts: readonly string[]) => Pending<T>[]
  trace: CacheTrace
}

/** Found in a cache, or computed for this caller or a concurrent one. */
export type CacheResult<T> = { classification: Classification, computed?: undefined } | { classification: T, computed: T }

/** Memory first, then Redis, then the model. Computed values are stored in both; no caller waits for that. */
export class PredictionCache<T extends Classification> {
  readonly #options: PredictionCacheOptions
  readonly #flights = new SingleFlight<T>()

  constructor (options: PredictionCacheOptions) {
    this.#options = options
  }

  get stats (): CacheStats {
    const { memory, redis } = this.#options
    return { memory: { entries: memory.size }, redis: redis?.state ?? 'off' }
  }

  /**
   * Returns the classification of each text, in order: from memory, from Redis, or computed. Concurrent requests for equal texts
   * share one computation. A failure of Redis is a miss.
   * @param keys the texts' cache keys, in the same order
   */
  async getOrCompute (keys: readonly string[], texts: readonly string[], options: GetOrComputeOptions<T>): Promise<CacheResult<T>[]> {
    const { trace } = options
    const start = performance.now()
    const found = new Map<string, CacheResult<T>>()
    let missing = this.#readMemory(keys.map((key, index) => [key, texts[index] as string]), found)
    if (missing.size > 0 && await this.#readRedis(missing, found, options.labelCount)) {
      // Another request may have computed them in the meantime.
      missing = this.#readMemory([...missing].filter(([key]) => !found.has(key)), found)
    }
    trace.cacheMs = performance.now() - start
    if (missing.size > 0) {
      trace.queuedAt = performance.now()
      await this.#compute(missing, found, options)
    }
    return keys.map((key) => found.get(key) as CacheResult<T>)
  }

  /** Adds the entries that memory contains to `found`; returns the others. */
  #readMemory (entries: readonly (readonly [key: string, text: string])[], found: Map<string, CacheResult<T>>): Map<string, string> {
    const missing = new Map<string, string>()
    let hits = 0
    for (const [key, text] of entries) {
      const classification = this.#options.memory.get(key)
      if (classification === undefined) {
        missing.set(key, text)
      } else {
        hits++
        found.set(key, { classification })
      }
    }
    if (hits > 0) this.#options.onHit?.('memory', hits)
    return missing
  }

  /** Adds the entries that Redis contains to `found` and to memory. Returns false if there was nothing to read. Never rejects. */
  async #readRedis (missing: ReadonlyMap<string, string>, found: Map<string, CacheResult<T>>, labelCount: number): Promise<boolean> {
    const { memory, redis, onHit, onMiss } = this.#options
    const keys = [...missing.keys()].filter((key) => !this.#flights.has(key))
    const values = redis === undefined || keys.length === 0 ? [] : await redis.getMany(keys)
    let hits = 0
    for (const [index, value] of values.entries()) {
      const key = keys[index] as string
      const classification = value === undefined ? undefined : decode(key, value, labelCount)
      if (classification === undefined) continue
      hits++
      memory.set(key, classification)
      found.set(key, { classification })
    }
    if (hits > 0) onHit?.('redis', hits)
    if (hits < keys.length) onMiss?.(keys.length - hits)
    return values.length > 0
  }

  /** Adds the classifications of all missing texts to `found`; joins computations in progress, and starts the others. */
  async #compute (missing: ReadonlyMap<string, string>, found: Map<string, CacheResult<T>>, options: GetOrComputeOptions<T>): Promise<void> {
    const flights = this.#flights
    const keys = [...missing.keys()]
    const own = keys.filter((key) => !flights.has(key))
    if (own.length > 0) {
      const pending = options.compute(own.map((key) => missing.get(key) as string))
      own.forEach((key, index) => this.#start(key, pending[index] as Pending<T>))
    }
    if (own.length < keys.length) this.#options.onJoin?.(keys.length - own.length)
    const results = await flights.wait(keys, options.signal())
    results.forEach((computed, index) => found.set(keys[index] as string, { classification: computed, computed }))
  }

  #start (key: string, pending: Pending<T>): void {
    this.#flights.add(key, pending)
    pending.result.then(({ logits, tokens, truncated }) => {
      const value = { logits, tokens, truncated }
      this.#options.memory.set(key, value)
      this.#options.redis?.set(key, encode(key, value))
    }, () => {})
  }
}
