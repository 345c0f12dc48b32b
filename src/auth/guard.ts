import { LRUCache } from 'lru-cache'
import { rateLimited, UnauthorizedError } from '../errors.ts'
import { type ApiKeys, bearerKey, hashKey } from './api-keys.ts'
import { WindowCounter } from './rate-limit.ts'

/** Wrong keys that an address may send per minute; a typo needs a few, guessing needs millions. */
export const MAX_FAILURES = 20
const WINDOW_MS = 60_000
/** Pairs of address and key that are remembered as right. */
const MAX_KNOWN = 10_000

/** Public paths: health, documentation and the page's files. */
const PUBLIC_PATHS = /^\/(health|docs|openapi\.json|assets)(\/|$)/

/** Whether a route needs a key if API_KEYS is set. `POST /` predicts; `GET /` is the page. */
export function needsKey (method: string, url: string): boolean {
  if (method === 'OPTIONS') return false
  if (url === '/') return method === 'POST'
  return !PUBLIC_PATHS.test(url)
}

/** Whether a route counts for the rate limit: every route that needs a key, except the scraper's. */
export function isLimited (method: string, url: string): boolean {
  return needsKey(method, url) && url !== '/metrics'
}

/**
 * Lets in whoever has a key. An address that sent too many wrong ones is refused without looking at its key, except for keys
 * that were right from that address before: guessing does not lock out those behind the same proxy.
 */
export class Guard {
  readonly #keys: ApiKeys
  readonly #failures = new WindowCounter(WINDOW_MS)
  readonly #known = new LRUCache<string, true>({ max: MAX_KNOWN })

  constructor (keys: ApiKeys) {
    this.#keys = keys
  }

  /**
   * The hash of the key that the request carries.
   * @param address the client's; failures are counted per address
   * @throws {Error} UNAUTHORIZED without a right key; RATE_LIMITED, with the time to retry after, for too many wrong ones
   */
  authenticate (authorization: string | undefined, address: string): string {
    const key = bearerKey(authorization)
    if (key === undefined) throw new UnauthorizedError('Send an API key as "Authorization: Bearer KEY"')
    const keyHash = hashKey(key)
    const pair = `${keyHash} ${address}`
    if (this.#known.get(pair) === true) return keyHash
    const { current, ttl } = this.#failures.peek(address)
    if (current >= MAX_FAILURES) throw rateLimited('Too many wrong API keys from this address', ttl)
    if (!this.#keys.has(keyHash)) {
      this.#failures.increment(address)
      throw new UnauthorizedError('Wrong API key')
    }
    this.#known.set(pair, true)
    return keyHash
  }
}
