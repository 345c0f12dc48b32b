import { LRUCache } from 'lru-cache'
import type { Classification } from './classification.ts'

export interface MemoryStoreOptions {
  /** Most entries kept, the least recently used go first; 0 keeps none. */
  maxEntries: number
  ttlSeconds: number
  /** Milliseconds from any start; the default is the process's monotonic clock. */
  clock?: { now: () => number }
}

/** The cache of this process. */
export class MemoryStore {
  readonly #entries: LRUCache<string, Classification> | undefined

  constructor ({ maxEntries, ttlSeconds, clock = performance }: MemoryStoreOptions) {
    // lru-cache allocates for `max` at once: a huge limit counts sizes instead, which grows with use.
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

  /** Entries held, expired ones included until they are touched. */
  get size (): number {
    return this.#entries?.size ?? 0
  }
}
