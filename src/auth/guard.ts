import { rateLimited, UnauthorizedError } from '../errors.ts'
import { WindowCounter } from './rate-limit.ts'
import ipaddr from 'ipaddr.js'
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

  /** The name of a key; undefined if the key is wrong. Compares all keys in constant time: timing reveals neither position nor prefix. */
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

/** A proxy may append the port of the client, and put IPv6 addresses in brackets: `203.0.113.7:1001`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/

/**
 * The address under which a client is counted: without port and brackets, IPv4 if it was mapped to IPv6, and the /64 of any other
 * IPv6 address, because a single machine can own all of it. Anything that is not an address is returned unchanged.
 * @param address undefined if the client has reset its connection
 */
export function clientAddress (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const [, bracketed, plain] = WITH_PORT.exec(address) ?? []
  const bare = bracketed ?? plain ?? address
  if (!bare.includes(':')) return bare
  // A zone (fe80::1%eth0) is not part of the address.
  const [unzoned] = bare.split('%', 1) as [string]
  if (!ipaddr.isValid(unzoned)) return address
  const parsed = ipaddr.process(unzoned)
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${ipaddr.IPv6.networkAddressFromCIDR(`${unzoned}/64`).toString()}/64`
}

const MINUTE_MS = 60_000
/** Wrong keys per address and minute, beyond which the answer is 429: a typo causes a few, guessing takes millions. */
export const MAX_WRONG_KEYS = 20
/** Rejected requests per address and minute, beyond which the answer is 429. */
export const MAX_REJECTED = 3000

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
 * Authenticates requests. A valid key is always accepted, however many wrong keys came from its address. Rejected requests are
 * counted per address, and answered with 429 beyond a limit.
 */
export class Guard {
  readonly #keys: ApiKeys
  readonly #onWrongKey: () => void
  readonly #wrong = new WindowCounter(MINUTE_MS)
  readonly #rejected = new WindowCounter(MINUTE_MS)

  constructor (keys: ApiKeys, onWrongKey: () => void) {
    this.#keys = keys
    this.#onWrongKey = onWrongKey
  }

  /** False if no key is required. */
  get enabled (): boolean {
    return this.#keys.enabled
  }

  /**
   * The name of the key that the request carries.
   * @throws {Error} UNAUTHORIZED without a valid key; RATE_LIMITED after too many requests without one
   */
  authenticate (authorization: string | undefined, address: string): string {
    const key = bearerKey(authorization)
    if (key === undefined) {
      this.countRejected(address)
      throw new UnauthorizedError('Send an API key as "Authorization: Bearer KEY"')
    }
    const name = this.#keys.findName(key)
    if (name !== undefined) return name
    this.#onWrongKey()
    const { current, ttl } = this.#wrong.add(address)
    if (current > MAX_WRONG_KEYS) throw rateLimited('Too many wrong API keys from this address', ttl)
    throw new WrongKeyError('Wrong API key')
  }

  /** Counts a request that is about to be rejected. Throws RATE_LIMITED if the address had too many. */
  countRejected (address: string): void {
    const { current, ttl } = this.#rejected.add(address)
    if (current > MAX_REJECTED) throw rateLimited('Too many rejected requests from this address', ttl)
  }
}
