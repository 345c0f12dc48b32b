/** Requests to the service. The key is in sessionStorage, which the browser deletes with the tab. */

const KEY = 'sentiment-api-key'

/** Maximum texts per request, so that a list fills up in steps; /info may lower it. */
const BATCH = 32

/** An error that the service answered with. */
export class Problem extends Error {
  constructor ({ status, code, detail }, retryAfter) {
    super(detail)
    this.status = status
    this.code = code
    /** Seconds; 0 if the answer has no Retry-After header. */
    this.retryAfter = retryAfter
  }
}

/** The request failed without an answer. */
export class Unreachable extends Error {}

export const limits = { maxTextLength: 10_000, batch: BATCH }

export function useKey (key) {
  sessionStorage.setItem(KEY, key)
}

async function request (path, options = {}) {
  const key = sessionStorage.getItem(KEY)
  const headers = { ...options.headers, ...(key !== null && { authorization: `Bearer ${key}` }) }
  try {
    return await fetch(path, { ...options, headers })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Unreachable()
  }
}

async function toProblem (response) {
  const retryAfter = Number(response.headers.get('retry-after')) || 0
  const body = await response.json().catch(() => ({}))
  return new Problem({ status: response.status, code: body.code ?? '', detail: body.detail ?? `The service answered ${response.status}` }, retryAfter)
}

/** The service's state; the body is the same for every status code. */
export async function health () {
  return (await request('health')).json()
}

/** Reads the limits on texts and batches. Keeps the defaults if the service requires a key. */
export async function readLimits () {
  const response = await request('info')
  if (!response.ok) return
  const info = await response.json()
  limits.maxTextLength = info.max_text_length
  limits.batch = Math.min(BATCH, info.max_client_batch_size)
}

/** One answer, the milliseconds of each stage as the service measured them, and those of the round trip. */
export async function predict (body, signal) {
  const start = performance.now()
  const response = await request('predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal })
  if (!response.ok) throw await toProblem(response)
  const answer = await response.json()
  return { answer, stages: parseStages(response.headers.get('server-timing') ?? ''), total: performance.now() - start }
}

/** Parses `cache;dur=0.1, queue;dur=2` into pairs of name and milliseconds. */
function parseStages (header) {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, duration]) => [name, Number(duration)])
}
