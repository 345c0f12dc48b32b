/** What the page asks of the service. The key stays in this tab: sessionStorage ends with it. */

const KEY = 'sentiment-api-key'

/** Texts in one request, unless /info says that fewer are taken: a list grows as answers come. */
const BATCH = 32

/** What the service said no to, in its own words. */
export class Problem extends Error {
  constructor ({ status, code, detail }, retryAfter) {
    super(detail)
    this.status = status
    this.code = code
    /** Seconds; 0 where none were named. */
    this.retryAfter = retryAfter
  }
}

/** Nothing answered: the network, or the service, is gone. */
export class Unreachable extends Error {}

export const limits = { maxTextLength: 10_000, batch: BATCH }

export function useKey (key) {
  sessionStorage.setItem(KEY, key)
}

async function ask (path, options = {}) {
  const key = sessionStorage.getItem(KEY)
  const headers = { ...options.headers, ...(key !== null && { authorization: `Bearer ${key}` }) }
  try {
    return await fetch(path, { ...options, headers })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Unreachable()
  }
}

async function problemOf (response) {
  const retryAfter = Number(response.headers.get('retry-after')) || 0
  const body = await response.json().catch(() => ({}))
  return new Problem({ status: response.status, code: body.code ?? '', detail: body.detail ?? `The service answered ${response.status}` }, retryAfter)
}

/** The service's state, whatever its status code. */
export async function health () {
  return (await ask('/health')).json()
}

/** Reads how long texts and batches may be; without a key, the usual limits hold. */
export async function readLimits () {
  const response = await ask('/info')
  if (!response.ok) return
  const info = await response.json()
  limits.maxTextLength = info.max_text_length
  limits.batch = Math.min(BATCH, info.max_client_batch_size)
}

/** One answer, with the milliseconds by stage that the service measured and the whole round trip. */
export async function predict (body, signal) {
  const start = performance.now()
  const response = await ask('/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal })
  if (!response.ok) throw await problemOf(response)
  const answer = await response.json()
  return { answer, stages: stagesOf(response.headers.get('server-timing') ?? ''), total: performance.now() - start }
}

/** `cache;dur=0.1, queue;dur=2` as pairs of name and milliseconds. */
function stagesOf (header) {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, duration]) => [name, Number(duration)])
}
