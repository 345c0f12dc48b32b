import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { CLIENT_CLOSED_REQUEST } from '../problem.ts'

const WINDOW_MS = 10_000

/**
 * Bounds the log lines of rejected requests: a flood must not rotate earlier lines out of the log. The number of omitted lines is
 * logged at the end of each window.
 */
export class LogSampler {
  readonly #maxLines: number
  #lines = 0
  #omitted: Record<string, number> = {}
  #timer: NodeJS.Timeout | undefined

  /** @param maxLines lines per 10 seconds */
  constructor (maxLines: number) {
    this.#maxLines = maxLines
  }

  /** Whether to write the line of an answer with this status. */
  admit (status: number, log: FastifyBaseLogger): boolean {
    this.#timer ??= setTimeout(() => this.#endWindow(log), WINDOW_MS).unref()
    if (++this.#lines <= this.#maxLines) return true
    this.#omitted[status] = (this.#omitted[status] ?? 0) + 1
    return false
  }

  #endWindow (log: FastifyBaseLogger): void {
    if (Object.keys(this.#omitted).length > 0) log.warn({ omitted: this.#omitted }, 'Rejected requests omitted from the log, by status')
    this.#timer = undefined
    this.#lines = 0
    this.#omitted = {}
  }
}

/** Called at the end of a request; `status` is that of the answer, or 499 if the client disconnected before it. */
export type RequestEndListener = (request: FastifyRequest, reply: FastifyReply, status: number) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Registers a listener that is called once for every request, when its answer was sent or its client disconnected. */
    onRequestEnd: (listener: RequestEndListener) => void
  }
  interface FastifyRequest {
    /** Whether its listeners were called. */
    ended: boolean
  }
}

/**
 * Calls listeners once at the end of every request: Fastify's `onResponse` hook does not run if the client disconnects first. Also
 * adds `x-request-id` and security headers to every answer, and writes one log line per request. Routes of files replace
 * `cache-control`.
 */
export default fp((app: FastifyInstance, _options, done) => {
  const listeners: RequestEndListener[] = [createRequestLog(app)]
  app.decorate('onRequestEnd', (listener: RequestEndListener) => { listeners.push(listener) })
  app.decorateRequest('ended', false)
  app.decorateReply('problemCode', undefined)
  const end = (request: FastifyRequest, reply: FastifyReply, status: number): void => {
    if (request.ended) return
    request.ended = true
    for (const listener of listeners) listener(request, reply, status)
  }
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer').header('cache-control', 'no-store')
    reply.raw.once('close', () => {
      // If the answer was sent, its onResponse hook has yet to run.
      if (!request.ended) setImmediate(end, request, reply, reply.raw.writableEnded ? reply.statusCode : CLIENT_CLOSED_REQUEST)
    })
    next()
  })
  app.addHook('onResponse', (request, reply, next) => {
    end(request, reply, reply.statusCode)
    next()
  })
  done()
}, { name: 'request-end' })

/** Lines per 10 seconds for rejected requests. */
const MAX_REJECTED_LINES = 200

/** Logs one line per request: debug if answered, info with the client's address if rejected or cancelled, error if failed. */
function createRequestLog (app: FastifyInstance): RequestEndListener {
  const sampler = new LogSampler(MAX_REJECTED_LINES)
  return (request, reply, statusCode) => {
    const level = statusCode === 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug'
    if (level === 'info' && !sampler.admit(statusCode, app.log)) return
    request.log[level]({
      method: request.method,
      // The route, not the URL: a query string may contain anything.
      route: request.routeOptions.url ?? '(none)',
      statusCode,
      ms: Math.round(reply.elapsedTime * 100) / 100,
      ...(request.keyName !== null && { key: request.keyName }),
      ...(level !== 'debug' && { address: request.ip, code: reply.problemCode })
    }, 'request')
  }
}
