import { ModelAccessError, ModelNotFoundError, type ModelSubject } from './errors.ts'
import { TransientError } from './retry.ts'

export interface HubOptions {
  /** Address of the hub, e.g. `https://huggingface.co`. */
  endpoint: string
  token?: string
  /** Milliseconds without a byte after which a connection counts as dead. */
  stallMs: number
}

/** A file's content as the hub sends it, from `offset` on. */
export interface HubResponse {
  body: ReadableStream<Uint8Array>
  /** First byte sent: the requested offset, or 0 if the server sends the whole file. */
  offset: number
  /** Size of the whole file in bytes, if the hub sends it. */
  size: number | undefined
  /** What identifies this content; a SHA-256 for large files. */
  etag: string | undefined
  commit: string | undefined
}

const MAX_REDIRECTS = 5

/**
 * Requests a file from the hub. Redirects are followed here: the first answer, not the storage server's, has the file's
 * size and hash; and the token goes to no other origin.
 * @throws {ModelNotFoundError} for 404, {ModelAccessError} for 401 and 403, {TransientError} for what may pass
 */
export async function requestFile (hub: HubOptions, subject: Required<ModelSubject>, offset: number, signal: AbortSignal): Promise<HubResponse> {
  const origin = new URL(hub.endpoint).origin
  let url = new URL(`${hub.endpoint.replace(/\/+$/, '')}/${subject.repo}/resolve/${encodeURIComponent(subject.revision)}/${subject.file}`)
  let linked: Headers | undefined
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(url, headersFor(url.origin === origin ? hub.token : undefined, offset), signal)
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      linked ??= response.headers
      url = new URL(location, url)
      await response.body?.cancel()
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

async function send (url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal })
  } catch (error) {
    if (signal.aborted) throw error
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    throw new TransientError(cause?.code ?? cause?.message ?? (error as Error).message, undefined, { cause: error })
  }
}

function refusal (response: Response, origin: string, subject: ModelSubject, tokenGiven: boolean): Error {
  const { status } = response
  if (status === 404) return new ModelNotFoundError(subject, origin)
  if (status === 401 || status === 403) return new ModelAccessError(subject, origin, status, tokenGiven)
  const seconds = Number(response.headers.get('retry-after') ?? NaN)
  return new TransientError(`status ${status}`, Number.isFinite(seconds) ? seconds * 1000 : undefined)
}

function describe (response: Response, first: Headers): HubResponse {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  const whole = first.get('x-linked-size') ?? range?.[2] ?? (response.status === 200 ? response.headers.get('content-length') : null)
  return {
    body: response.body ?? new ReadableStream({ start: (controller) => controller.close() }),
    offset: response.status === 206 ? Number(range?.[1] ?? NaN) : 0,
    size: whole === null || whole === undefined ? undefined : Number(whole),
    etag: (first.get('x-linked-etag') ?? first.get('etag'))?.replace(/^W\//, '').replaceAll('"', '') ?? undefined,
    commit: first.get('x-repo-commit') ?? undefined
  }
}
