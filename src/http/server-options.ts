import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { FastifyBaseLogger, FastifyHttpOptions } from 'fastify'
import { LogController } from 'fastify'
import type { Config } from '../config.ts'
import { answerClientError } from './client-error.ts'
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES, STALLED_CONNECTION_MS, type ServerLimits } from './limits.ts'
import { requireBody } from './plugins/connections.ts'
import { sendProblem } from './problem.ts'

/** Ids that may be repeated in headers and logs unchanged. */
const SAFE_ID = /^[\w.:/+=-]{1,128}$/

/** Options of the Fastify instance. */
export function serverOptions (config: Config, limits: ServerLimits, logger?: FastifyBaseLogger): FastifyHttpOptions<Server> {
  return {
    ...(logger && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: config.BODY_LIMIT_BYTES,
    trustProxy: trustedHops(config.TRUST_PROXY),
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      // http/plugins/host-and-expect.ts refuses such requests, as problem details.
      requireHostHeader: false
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Without any byte sent or received: a client that never reads its answer does not hold it for ever.
    connectionTimeout: config.PREDICT_TIMEOUT_MS + STALLED_CONNECTION_MS,
    // Bodies have a time limit of their own (http/plugins/body.ts): this one would interrupt streams.
    requestTimeout: 0,
    // Keep-alive connections may still send requests during shutdown: the routes answer them, with problem details.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply)
      // No hook runs for these requests.
      reply.raw.once('finish', () => requireBody(request.raw, limits.unreadBodyMs))
      request.server.metrics.http.answered(undefined, reply.statusCode, 0, reply.problemCode)
    },
    clientErrorHandler: answerClientError,
    // A body is validated as it was sent: nothing is coerced, removed or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } }
  }
}

/** The caller's `x-request-id` if it is safe to repeat, else a new one. */
function requestId (request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
}

/** Trusts X-Forwarded-For of the given number of proxies. Fastify's own `true` takes the leftmost entry, which anybody can write. */
function trustedHops (value: string): false | ((address: string, hop: number) => boolean) {
  if (value === 'false') return false
  const count = value === 'true' ? 1 : Number(value)
  return (_address, hop) => hop < count
}
