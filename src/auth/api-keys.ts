import { hash, timingSafeEqual } from 'node:crypto'

/** Shortest key that is accepted, in characters: 16 random ones are beyond guessing over a network. */
export const MIN_KEY_LENGTH = 16

/** What a Bearer token may hold. Source: RFC 6750, section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/** The SHA-256 of a key: all that is kept of it. */
export function hashKey (key: string): string {
  return hash('sha256', key, 'hex')
}

/**
 * The hashes of a comma-separated list of keys, comma-separated too.
 * @throws {RangeError} naming the first wrong key by its place, never by its value
 */
export function hashKeys (list: string): string {
  if (list.trim() === '') return ''
  return list.split(',').map((item, index) => {
    const key = item.trim()
    if (key.length < MIN_KEY_LENGTH) throw new RangeError(`API_KEYS must be keys of at least ${MIN_KEY_LENGTH} characters, separated by commas; key ${index + 1} has ${key.length}`)
    if (!TOKEN.test(key)) throw new RangeError(`API_KEYS must be keys of letters, digits and . _ ~ + / - only, separated by commas; key ${index + 1} has something else`)
    return hashKey(key)
  }).join(',')
}

/** The keys that open the service. It knows their hashes only. */
export class ApiKeys {
  readonly #hashes: readonly Buffer[]

  /** @param hashes what `hashKeys` made */
  constructor (hashes: string) {
    this.#hashes = hashes.split(',').filter((item) => item !== '').map((item) => Buffer.from(item, 'hex'))
  }

  /** True where no key is asked for. */
  get off (): boolean {
    return this.#hashes.length === 0
  }

  /** Whether this is the hash of a key. Compares with every key, in constant time: neither its place nor its start shows. */
  has (keyHash: string): boolean {
    const given = Buffer.from(keyHash, 'hex')
    let found = false
    for (const known of this.#hashes) found = timingSafeEqual(known, given) || found
    return found
  }
}

/** The key in an `Authorization: Bearer KEY` header; undefined where there is none. */
export function bearerKey (authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}
