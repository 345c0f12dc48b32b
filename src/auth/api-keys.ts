import { hash, timingSafeEqual } from 'node:crypto'

/** Minimum length of a key in characters: 16 random ones cannot be guessed over a network. */
export const MIN_KEY_LENGTH = 16

/** Characters of a Bearer token. Source: RFC 6750, section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/** The SHA-256 of a key: the only form in which it is kept. */
export function hashKey (key: string): string {
  return hash('sha256', key, 'hex')
}

/**
 * The hashes of a comma-separated list of keys, comma-separated too.
 * @throws {RangeError} naming the first invalid key by its position, never by its value
 */
export function hashKeys (list: string): string {
  if (list.trim() === '') return ''
  return list.split(',').map((item, index) => {
    const key = item.trim()
    if (key.length < MIN_KEY_LENGTH) throw new RangeError(`API_KEYS must be keys of at least ${MIN_KEY_LENGTH} characters, separated by commas; key ${index + 1} has ${key.length}`)
    if (!TOKEN.test(key)) throw new RangeError(`API_KEYS must be keys of letters, digits and . _ ~ + / - only, separated by commas; key ${index + 1} contains another character`)
    return hashKey(key)
  }).join(',')
}

/** The keys that give access; only their hashes are stored. */
export class ApiKeys {
  readonly #hashes: readonly Buffer[]

  /** @param hashes what `hashKeys` made */
  constructor (hashes: string) {
    this.#hashes = hashes.split(',').filter((item) => item !== '').map((item) => Buffer.from(item, 'hex'))
  }

  /** False if no key is required. */
  get enabled (): boolean {
    return this.#hashes.length > 0
  }

  /** Whether this is the hash of a key. Compares with every key, in constant time: timing reveals neither position nor prefix. */
  has (keyHash: string): boolean {
    const given = Buffer.from(keyHash, 'hex')
    let found = false
    for (const known of this.#hashes) found = timingSafeEqual(known, given) || found
    return found
  }
}

/** The key in an `Authorization: Bearer KEY` header; undefined if there is none. */
export function bearerKey (authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}
