import { isIP } from 'node:net'

/** One or more settings are invalid; `problems` has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const MAX_QUOTED = 100

/** Hides user and password of every URL in `text`, up to the last @: an unencoded password may contain any character. */
export function hideCredentials (text: string): string {
  return text.replace(/:\/\/.*@/gs, '://***@')
}

/** A value as it may be shown in a one-line message: without credentials, control characters or excessive length. */
export function quote (value: string): string {
  const shown = hideCredentials(value)
  return JSON.stringify(shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED)}…` : shown)
}

/** Returns a value in its normal form. Throws a RangeError whose message completes "KEY …". */
export type Format = (value: string) => string

/** Branches, tags and commits; the value becomes a part of a path. */
export const REVISION = /^(?!.*\.\.)\w[\w.+-]*(\/\w[\w.+-]*)*$/
/** `owner/name` or `name`; the value becomes a part of a path. */
export const HUB_ID = /^(?!.*\.\.)[A-Za-z0-9_][\w.-]{0,95}(\/[A-Za-z0-9_][\w.-]{0,95})?$/

const HTTP = 'an address that starts with http:// or https://'
const REDIS = 'an address that starts with redis:// or rediss://'
const TRUE = ['true', 'yes', 'on']
const FALSE = ['false', 'no', 'off', '0']

/** Throws "must be …, not VALUE". */
function reject (allowed: string, value: string): never {
  throw new RangeError(`must be ${allowed}, not ${quote(value)}`)
}

function parseUrl (value: string, protocols: RegExp, allowed: string): URL {
  // The value is not repeated: it may be a secret without the form of a URL.
  if (!protocols.test(value)) throw new RangeError(`must be ${allowed}`)
  const url = URL.canParse(value) ? new URL(value) : undefined
  // The parser accepts other characters in a host, such as those of an unexpanded ${HOST} or of a list of hosts.
  if (url === undefined || url.port === '0' || !/^(\[.*\]|[\w.-]+)$/.test(url.hostname)) {
    throw new RangeError(`must be ${allowed}, a host and optionally a port from 1 to 65535: this is not a valid URL${/@/.test(value) ? '. Percent-encode special characters of the password, for example / as %2F' : ''}`)
  }
  return url
}

/** @param remedy what to use instead of a user and a password in the address */
function httpUrl (remedy: string): Format {
  return (value) => {
    const url = parseUrl(value, /^https?:\/\//i, HTTP)
    if (url.username !== '' || url.password !== '') throw new RangeError(`must not contain a user or a password: ${remedy}`)
    if (url.hash !== '' || url.search !== '') throw new RangeError('must not contain ? or #')
    return value
  }
}

/** `redis://user:password@host:port/database`. Characters that end the host early would send data to another host or database. */
function redisUrl (value: string): string {
  const url = parseUrl(value, /^rediss?:\/\//i, REDIS)
  if (url.hash !== '' || url.search !== '' || !/^(\/\d{0,9})?$/.test(url.pathname)) {
    throw new RangeError('must end after the host, the port and the number of the database: in a password, write / as %2F, ? as %3F and # as %23')
  }
  try {
    decodeURIComponent(url.username + url.password)
  } catch {
    throw new RangeError('has a % in its user or password that is not part of a percent-encoded character: write % as %25')
  }
  return value
}

function hostName (value: string): string {
  const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value
  if (isIP(bare) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(bare)) reject('an IP address or a host name, without a port', value)
  return bare
}

/** Origins as browsers send them: no path, no default port, lower case. */
function origins (value: string): string {
  const allowed = 'origins such as https://example.org separated by commas, or *'
  return value.split(',').map((item) => {
    const origin = item.trim()
    if (origin === '*') return origin
    try {
      const url = new URL(origin)
      if (/^https?:\/\/[^/?#@*]+\/?$/i.test(origin)) return url.origin
    } catch {
      // Reported below.
    }
    return reject(allowed, value)
  }).join(',')
}

function trustedProxies (value: string): string {
  const lower = value.toLowerCase()
  if (TRUE.includes(lower)) return 'true'
  if (FALSE.includes(lower)) return 'false'
  return /^[1-9][0-9]?$/.test(value) ? value : reject('false, true, or the number of proxies in front', value)
}

function boolean (value: string): string {
  const lower = value.toLowerCase()
  if (lower === '1' || TRUE.includes(lower)) return 'true'
  return FALSE.includes(lower) ? 'false' : reject('true or false', value)
}

function path (value: string): string {
  return /^~(\/|$)/.test(value) ? reject('a path: ~ is not expanded here', value) : value
}

/** Header values must be printable: an invalid one would be repeated in an exception of the HTTP client. */
function token (value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new RangeError('must consist of printable ASCII characters without spaces')
  return value
}

function keyValuePairs (value: string): string {
  for (const [index, pair] of value.split(',').entries()) {
    const [, key, encoded] = /^\s*([\w!#$&'*+.^`|~-]+)\s*=\s*(.*)$/.exec(pair) ?? []
    const problem = `must be key=value pairs separated by commas, with special characters percent-encoded; pair ${index + 1} is not`
    try {
      if (key === undefined || !/^[\x20-\x7e\u00a0-\u{10ffff}]*$/u.test(decodeURIComponent(encoded ?? ''))) throw new RangeError(problem)
    } catch {
      throw new RangeError(problem)
    }
  }
  return value
}

/** HTTP headers are bytes: characters beyond Latin-1 cannot be sent. */
function headers (value: string): string {
  keyValuePairs(value)
  if (!/^[\x20-\x7e]*$/.test(decodeURIComponent(value))) throw new RangeError('must contain printable ASCII characters only')
  return value
}

const collector = httpUrl('use OTEL_EXPORTER_OTLP_HEADERS')

/** Formats that a JSON schema cannot express, by key. */
export const FORMATS: Readonly<Record<string, Format>> = {
  API_HOST: hostName,
  MODEL_NAME: (value) => HUB_ID.test(value) ? value : reject('a model id such as owner/name, or compact', value),
  MODEL_REVISION: (value) => REVISION.test(value) && value.length <= 200 ? value : reject('a branch, a tag or a commit', value),
  MODEL_DIR: path,
  EMBEDDED_MODEL_DIR: path,
  HF_ENDPOINT: httpUrl('use HF_TOKEN'),
  HF_TOKEN: token,
  REDIS_URL: redisUrl,
  WEB_UI: boolean,
  CORS_ORIGINS: origins,
  TRUST_PROXY: trustedProxies,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_RESOURCE_ATTRIBUTES: keyValuePairs
}
