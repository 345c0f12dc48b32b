import type { ReadableStream } from 'node:stream/web'
import type Undici from 'undici'
import type { EnvHttpProxyAgent, Headers, RequestInit, Response } from 'undici'
import { HubUnreachableError, ModelAccessError, ModelNotFoundError, type ModelSubject } from './errors.ts'
import { TransientError } from './retry.ts'

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>

export interface HubOptions {
  /** Address of the hub, e.g. `https://huggingface.co`. */
  endpoint: string
  token?: string
  fetch: Fetch
  /** Milliseconds without a byte after which a connection counts as dead. */
  stallMs: number
}

/** A file's content as the hub sends it, from `offset` on. */
export interface HubResponse {
  /** Null if the file is empty. */
  body: ReadableStream<Uint8Array> | null
  /** Position of the first byte sent: the requested offset, or 0 if the server sends the whole file. */
  offset: number
  /** Size of the whole file in bytes, if the hub announces it. */
  size: number | undefined
  /** What identifies this content; a SHA-256 for large files. */
  etag: string | undefined
  commit: string | undefined
}

const MAX_REDIRECTS = 5

/** Codes of a certificate whose issuer is not known. Source: OpenSSL's verification results, as Node names them. */
const UNKNOWN_ISSUER = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE))$/

/**
 * Requests a file from the hub. Redirects are followed here: the file's size and hash are in the first response, not in the
 * storage server's, and the token is sent to no other origin. Only https, or the endpoint's own scheme, is followed.
 * @throws {ModelNotFoundError} for 404, {ModelAccessError} for 401 and 403, {HubUnreachableError} for a redirect to another
 * scheme, {TransientError} for temporary failures
 */
export async function requestFile (hub: HubOptions, subject: Required<ModelSubject>, offset: number, signal: AbortSignal): Promise<HubResponse> {
  const origin = new URL(hub.endpoint).origin
  let url = new URL(`${hub.endpoint.replace(/\/+$/, '')}/${subject.repo}/resolve/${encodeURIComponent(subject.revision)}/${subject.file}`)
  let linked: Headers | undefined
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(hub.fetch, url, headersFor(url.origin === origin ? hub.token : undefined, offset), signal)
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      linked ??= response.headers
      await response.body?.cancel()
      url = redirectTarget(location, url, hub.endpoint, subject)
      continue
    }
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel()
      throw refusal(response, origin, subject, hub.token !== undefined)
    }
    return describe(response, linked ?? response.headers)
  }
  throw new TransientError('too many redirects')
}

function headersFor (token: string | undefined, offset: number): Record<string, string> {
  return {
    'user-agent': 'sentiment-service',
    // The size on disk is checked against Content-Length, which counts encoded bytes.
    'accept-encoding': 'identity',
    ...(offset > 0 && { range: `bytes=${offset}-` }),
    ...(token !== undefined && { authorization: `Bearer ${token}` })
  }
}

function redirectTarget (location: string, from: URL, endpoint: string, subject: ModelSubject): URL {
  if (!URL.canParse(location, from.href)) throw new TransientError('a redirect without a valid address')
  const target = new URL(location, from)
  const { protocol, origin } = new URL(endpoint)
  if (target.protocol === 'https:' || target.protocol === protocol) return target
  throw new HubUnreachableError(subject, origin, `a redirect to ${target.protocol}//${target.host} is not followed`)
}

async function send (fetch: Fetch, url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal })
  } catch (error) {
    if (signal.aborted) throw error
    throw new TransientError(describeCause(error as Error), undefined, { cause: error })
  }
}

/** The innermost cause: `fetch failed` has no information. A system error is named by its code, such as ECONNREFUSED. */
function describeCause (error: Error): string {
  let cause: NodeJS.ErrnoException = error
  while (cause.cause instanceof Error) cause = cause.cause
  const code = String(cause.code)
  if (UNKNOWN_ISSUER.test(code)) return `${cause.message}; if a private CA signed it, set NODE_EXTRA_CA_CERTS`
  return /^E[A-Z]+$/.test(code) ? code : cause.message
}

function refusal (response: Response, origin: string, subject: ModelSubject, tokenGiven: boolean): Error {
  const { status } = response
  if (status === 404) return new ModelNotFoundError(subject, origin)
  if (status === 401 || status === 403) return new ModelAccessError(subject, origin, status, tokenGiven)
  return new TransientError(`status ${status}`, retryAfterMs(response.headers.get('retry-after')))
}

/** The delay of a Retry-After header in milliseconds: seconds or a date. Source: RFC 9110, section 10.2.3. */
function retryAfterMs (value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function describe (response: Response, announced: Headers): HubResponse {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  const whole = announced.get('x-linked-size') ?? range?.[2] ?? (response.status === 200 ? response.headers.get('content-length') : null)
  return {
    body: response.body,
    offset: response.status === 206 ? Number(range?.[1] ?? NaN) : 0,
    size: whole === null || whole === undefined ? undefined : Number(whole),
    etag: (announced.get('x-linked-etag') ?? announced.get('etag'))?.replace(/^W\//, '').replaceAll('"', '') ?? undefined,
    commit: announced.get('x-repo-commit') ?? undefined
  }
}

/** A proxy's address as curl accepts it: without a scheme it is http. */
function proxyUrl (env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name.toLowerCase()] || env[name] || ''
  const url = value === '' || value.includes('://') ? value : `http://${value}`
  if (url === '') return url
  if (!/^https?:/i.test(url)) throw new Error(`${name} must be the address of an HTTP proxy, which starts with http:// or https://`)
  try {
    decodeURIComponent(new URL(url).username + new URL(url).password)
  } catch {
    throw new Error(`${name} is not a valid URL`)
  }
  return url
}

/**
 * Loads the HTTP client, and creates its dispatcher that uses HTTP_PROXY, HTTPS_PROXY and NO_PROXY of `env`, in upper or lower
 * case. Node's own client ignores them by default.
 * @throws {Error} if one of them is not the URL of an HTTP proxy
 */
export async function loadProxyClient (env: NodeJS.ProcessEnv = process.env): Promise<{ undici: typeof Undici, dispatcher: EnvHttpProxyAgent }> {
  const undici = await import('undici')
  const dispatcher = new undici.EnvHttpProxyAgent({
    httpProxy: proxyUrl(env, 'HTTP_PROXY'),
    httpsProxy: proxyUrl(env, 'HTTPS_PROXY'),
    noProxy: env.no_proxy || env.NO_PROXY || '',
    // Plain requests are forwarded, not tunnelled: many proxies permit CONNECT to port 443 only.
    proxyTunnel: false
  })
  return { undici, dispatcher }
}

/** A `fetch` that uses the proxies of `env`. The client is loaded with the first request: a start without a download does not need it. */
export function createProxyFetch (env: NodeJS.ProcessEnv = process.env): Fetch {
  let client: ReturnType<typeof loadProxyClient> | undefined
  return async (url, init) => {
    const { undici, dispatcher } = await (client ??= loadProxyClient(env))
    return await undici.fetch(url, { ...init, dispatcher })
  }
}
