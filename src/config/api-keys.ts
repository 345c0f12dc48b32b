import { hash } from 'node:crypto'

/** Minimum length of a key in characters: 16 random ones cannot be guessed over a network. */
export const MIN_KEY_LENGTH = 16
/** Minimum entropy of a key in bits, as `entropyBits` estimates it. */
const MIN_ENTROPY_BITS = 32

/** Characters of a Bearer token. Source: RFC 6750, section 2.1. It contains no colon, which separates a key from its name. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/** The SHA-256 of a key: the only form in which it is kept. */
export function hashKey (key: string): string {
  return hash('sha256', key, 'hex')
}

/**
 * Replaces each key of a comma-separated list of `KEY` or `NAME:KEY` by its hash: `NAME:HASH`. A key without a name is called
 * `key-1` if it is the first of the list.
 * @throws {RangeError} naming the first invalid key by its position, never by its value
 */
export function hashKeys (list: string): string {
  if (list.trim() === '') return ''
  const names = new Set<string>()
  return list.split(',').map((item, index) => {
    const position = index + 1
    const [, name = `key-${position}`, key] = /^(?:([^:]*):)?(.*)$/s.exec(item.trim()) as unknown as [string, string | undefined, string]
    if (!NAME.test(name)) throw new RangeError(`must have names of letters, digits and . _ - only, at most 64 characters, as NAME:KEY; the name of key ${position} is invalid`)
    if (names.has(name)) throw new RangeError(`must have different names; key ${position} has the name of another`)
    if (key.length < MIN_KEY_LENGTH) throw new RangeError(`must be keys of at least ${MIN_KEY_LENGTH} characters, separated by commas; key ${position} has ${key.length}`)
    if (!TOKEN.test(key)) throw new RangeError(`must be keys of letters, digits and . _ ~ + / - only, separated by commas; key ${position} contains another character`)
    if (entropyBits(key) < MIN_ENTROPY_BITS) throw new RangeError(`must be random keys; key ${position} is easily guessed: generate one with openssl rand -hex 24`)
    names.add(name)
    return `${name}:${hashKey(key)}`
  }).join(',')
}

/** Estimates the entropy of a key; repetitions (aaaa, abcabc) and sequences (1234, abcd) have little. */
function entropyBits (key: string): number {
  const unit = /^(.+?)\1+$/.exec(key)?.[1] ?? key
  const codes = Array.from(unit, (character) => character.charCodeAt(0))
  const steps = codes.slice(1).map((code, index) => code - (codes[index] as number))
  return unit.length * Math.min(shannonBits(codes), shannonBits(steps))
}

/** Shannon entropy per value in bits. */
function shannonBits (values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => bits - (count / values.length) * Math.log2(count / values.length), 0)
}
