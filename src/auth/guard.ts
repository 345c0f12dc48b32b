import { LRUCache } from 'lru-cache'
import { rateLimited, UnauthorizedError } from '../errors.ts'
import { type ApiKeys, bearerKey, hashKey } from './api-keys.ts'
import { WindowCounter } from './window-counter.ts'

/** Wrong keys that an address may try in a minute; a person who mistypes needs a few, a guesser millions. */
export const MAX_FAILURES = 20
const WINDOW_MS = 60_000
/** Pairs of address and key that are remembered as right. */
const MAX_KNOWN = 10_000

/**
 * Lets in whoever has a key. An address that tried too many wrong ones is refused without a look at what it sends, except
 * for keys that were right from that address before: somebody who guesses does not lock out those behind the same proxy.
 */
export class Guard {
  readonly #keys: ApiKeys
  readonly #failures = new WindowCounter(WINDOW_MS)
  readonly #known = new LRUCache<string, true>({ max: MAX_KNOWN })

  constructor (keys: ApiKeys) {
    this.#keys = keys
  }

  /**
   * The hash of the key that the request brings.
   * @param address the client's, as failures are counted by
   * @throws {Error} UNAUTHORIZED without a right key; RATE_LIMITED, with the time to come back, after too many wrong ones
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
      throw new UnauthorizedError('The API key is wrong')
    }
    this.#known.set(pair, true)
    return keyHash
  }
}
