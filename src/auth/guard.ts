import { rateLimited, UnauthorizedError } from '../errors.ts'
import { type ApiKeys, bearerKey } from './api-keys.ts'
import { WindowCounter } from './rate-limit.ts'

const MINUTE_MS = 60_000
/** Wrong keys per address and minute before further ones are answered with 429; a typo needs a few, guessing needs millions. */
export const MAX_WRONG_KEYS = 20
/** Refused requests per address and minute before further ones are answered with 429. */
export const MAX_REFUSED = 3000

/** Public paths: health, documentation and the page's files. */
const PUBLIC_PATHS = /^\/(health|docs|openapi\.json|assets)(\/|$)/

/** Whether a route needs a key if API_KEYS is set. `POST /` predicts; `GET /` is the page. */
export function needsKey (method: string, url: string): boolean {
  if (method === 'OPTIONS') return false
  if (url === '/') return method === 'POST'
  return !PUBLIC_PATHS.test(url)
}

/** The key of a request is not one of API_KEYS. */
export const WrongKeyError = class extends UnauthorizedError {}

/**
 * Lets in whoever has a key, always: wrong keys of an address never lock out right ones. Refused requests are counted per
 * address, and beyond a limit answered with 429.
 */
export class Guard {
  readonly #keys: ApiKeys
  readonly #wrong = new WindowCounter(MINUTE_MS)
  readonly #refused = new WindowCounter(MINUTE_MS)

  constructor (keys: ApiKeys) {
    this.#keys = keys
  }

  /** False if no key is required. */
  get enabled (): boolean {
    return this.#keys.enabled
  }

  /**
   * The name of the key that the request carries.
   * @throws {Error} UNAUTHORIZED without a right key; RATE_LIMITED after too many requests without one
   */
  authenticate (authorization: string | undefined, address: string): string {
    const key = bearerKey(authorization)
    if (key === undefined) {
      this.countRefused(address)
      throw new UnauthorizedError('Send an API key as "Authorization: Bearer KEY"')
    }
    const name = this.#keys.findName(key)
    if (name !== undefined) return name
    const { current, ttl } = this.#wrong.add(address)
    if (current > MAX_WRONG_KEYS) throw rateLimited('Too many wrong API keys from this address', ttl)
    throw new WrongKeyError('Wrong API key')
  }

  /** Counts a request that is about to be refused. Throws RATE_LIMITED if the address had too many. */
  countRefused (address: string): void {
    const { current, ttl } = this.#refused.add(address)
    if (current > MAX_REFUSED) throw rateLimited('Too many refused requests from this address', ttl)
  }
}
