import { hash } from 'node:crypto'

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
    if (key.length < MIN_KEY_LENGTH) throw new RangeError(`must be keys of at least ${MIN_KEY_LENGTH} characters, separated by commas; key ${index + 1} has ${key.length}`)
    if (!TOKEN.test(key)) throw new RangeError(`must be keys of letters, digits and . _ ~ + / - only, separated by commas; key ${index + 1} contains another character`)
    return hashKey(key)
  }).join(',')
}
