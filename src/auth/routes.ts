/** Open to everybody: whether the service lives, and what people read. */
const OPEN = /^\/(health|docs|openapi\.json|assets)(\/|$)/

/** Whether a route needs a key where API_KEYS is set. `POST /` predicts; `GET /` is the page. */
export function needsKey (method: string, url: string): boolean {
  if (method === 'OPTIONS') return false
  if (url === '/') return method === 'POST'
  return !OPEN.test(url)
}

/** Whether a route counts for the rate limit: what needs a key, but for the scraper's. */
export function isLimited (method: string, url: string): boolean {
  return needsKey(method, url) && url !== '/metrics'
}
