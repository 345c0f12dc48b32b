import type { Classification } from './classification.ts'
import { decode, encode } from './codec.ts'
import type { MemoryStore } from './memory-store.ts'
import type { RedisState } from './redis-connection.ts'
import type { RedisStore } from './redis-store.ts'

/** What the cache tells the metrics. */
export interface CacheEvents {
  onHit?: (tier: 'memory' | 'redis', count: number) => void
  onMiss?: (count: number) => void
}

export interface PredictionCacheOptions extends CacheEvents {
  memory: MemoryStore
  redis?: Pick<RedisStore, 'state' | 'getMany' | 'set'>
}

export interface CacheStats {
  memory: { entries: number }
  redis: RedisState | 'off'
}

/** Memory first, then Redis. What Redis has comes to memory; what is computed goes to both, and no caller waits for it. */
export class PredictionCache {
  readonly #options: PredictionCacheOptions

  constructor (options: PredictionCacheOptions) {
    this.#options = options
  }

  get stats (): CacheStats {
    const { memory, redis } = this.#options
    return { memory: { entries: memory.size }, redis: redis?.state ?? 'off' }
  }

  /** What memory has, at once. */
  getFromMemory (key: string): Classification | undefined {
    const hit = this.#options.memory.get(key)
    if (hit !== undefined) this.#options.onHit?.('memory', 1)
    return hit
  }

  /** What Redis has, for keys that memory lacks; undefined for a miss. Never rejects. */
  async lookup (keys: readonly string[], labelCount: number): Promise<(Classification | undefined)[]> {
    const { memory, redis, onHit, onMiss } = this.#options
    const values = redis === undefined ? keys.map(() => undefined) : await redis.getMany(keys)
    const found = values.map((value, index) => {
      const hit = value === undefined ? undefined : decode(value, labelCount)
      if (hit !== undefined) memory.set(keys[index] as string, hit)
      return hit
    })
    const hits = found.filter((hit) => hit !== undefined).length
    if (hits > 0) onHit?.('redis', hits)
    if (hits < keys.length) onMiss?.(keys.length - hits)
    return found
  }

  /** Keeps a new classification. */
  put (key: string, { logits, tokens, truncated }: Classification): void {
    const value = { logits, tokens, truncated }
    this.#options.memory.set(key, value)
    this.#options.redis?.set(key, encode(value))
  }
}
