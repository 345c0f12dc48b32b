import { LRUCache } from 'lru-cache'
import type { Classification } from './codec.ts'

export interface MemoryStoreOptions {
  /** Maximum number of entries; the least recently used are evicted first. 0 disables the store. */
  maxEntries: number
  ttlSeconds: number
  /** A clock in milliseconds; the default is the process's monotonic clock. */
  clock?: { now: () => number }
}

/** The cache of this process. */
export class MemoryStore {
  readonly #entries: LRUCache<string, Classification> | undefined

  constructor ({ maxEntries, ttlSeconds, clock = performance }: MemoryStoreOptions) {
    // lru-cache allocates memory for all `max` entries in advance. `maxSize` limits the same number, and memory grows with use.
    this.#entries = maxEntries === 0
      ? undefined
      : new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1, ttl: ttlSeconds * 1000, perf: clock })
  }

  get (key: string): Classification | undefined {
    return this.#entries?.get(key)
  }

  set (key: string, value: Classification): void {
    this.#entries?.set(key, value)
  }

  /** Number of entries, including expired ones that have not been accessed since. */
  get size (): number {
    return this.#entries?.size ?? 0
  }
}
