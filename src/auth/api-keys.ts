import { timingSafeEqual } from 'node:crypto'
import { hashKey } from '../config/api-keys.ts'

/** The keys that give access; only their hashes are stored. */
export class ApiKeys {
  readonly #keys: readonly { name: string, hash: Buffer }[]

  /** @param hashed the API_KEYS of the configuration: `NAME:HASH`, comma-separated */
  constructor (hashed: string) {
    this.#keys = hashed.split(',').filter((item) => item !== '').map((item) => {
      const [name, hash] = item.split(':') as [string, string]
      return { name, hash: Buffer.from(hash, 'hex') }
    })
  }

  /** False if no key is required. */
  get enabled (): boolean {
    return this.#keys.length > 0
  }

  /** The name of a key; undefined if the key is wrong. Compares with every key, in constant time: timing reveals neither position nor prefix. */
  findName (key: string): string | undefined {
    const given = Buffer.from(hashKey(key), 'hex')
    let found: string | undefined
    for (const { name, hash } of this.#keys) {
      if (timingSafeEqual(hash, given)) found = name
    }
    return found
  }
}

/** The key in an `Authorization: Bearer KEY` header; undefined if there is none. */
export function bearerKey (authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}
