import { LRUCache } from 'lru-cache'

export interface Window {
  /** What was counted in this window. */
  current: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** Most keys that are counted at once, about 100 bytes each: whoever invents addresses does not fill the memory. */
const MAX_KEYS = 50_000

/** Counts by key in windows of a fixed length, in memory. */
export class WindowCounter {
  readonly #windowMs: number
  readonly #windows = new LRUCache<string, { count: number, ends: number }>({ max: MAX_KEYS })

  constructor (windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Counts one more; the first opens the window. */
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
