import { timingSafeEqual } from 'node:crypto'

export { hashKey } from '../config/api-keys.ts'

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
