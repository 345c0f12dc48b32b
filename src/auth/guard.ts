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

/** A proxy may append the port of the client, and put IPv6 addresses in brackets: `203.0.113.7:1001`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/

/**
 * The address that a client is counted by: without port and brackets, IPv4 if it was mapped to IPv6, and of other IPv6 addresses
 * the /64, all of which a single machine can own. What is no address is returned as it is.
 */
export function clientAddress (address: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(address) ?? []
  const bare = bracketed ?? plain ?? address
  if (!bare.includes(':')) return bare
  // A zone (fe80::1%eth0) is no part of the address.
  const [unzoned] = bare.split('%', 1) as [string]
  if (!ipaddr.isValid(unzoned)) return address
  const parsed = ipaddr.process(unzoned)
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${ipaddr.IPv6.networkAddressFromCIDR(`${unzoned}/64`).toString()}/64`
}

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
