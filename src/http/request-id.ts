import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What may be repeated in headers and logs as it came. */
const SAFE_ID = /^[\w.:/+=-]{1,128}$/

/** The caller's `x-request-id` where it is safe to repeat, else a new one. */
export function requestId (request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
}
