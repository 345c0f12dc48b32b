import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import { type FastifyBaseLogger, type FastifyHttpOptions, LogController } from 'fastify'
import type { Config } from '../config.ts'
import type { Connections } from './plugins/connections.ts'
import { answerClientError } from './plugins/errors.ts'
import { sendProblem } from './problem.ts'

/** Request ids that headers and logs may contain unchanged. */
const SAFE_ID = /^[\w.:/+=-]{1,128}$/

/** Options of the Fastify instance. */
export function serverOptions (config: Config, connections: Connections, logger?: FastifyBaseLogger): FastifyHttpOptions<Server> {
  return {
    ...(logger && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: config.BODY_LIMIT_BYTES,
    trustProxy: trustedHops(config.TRUST_PROXY),
    serverFactory: (handler) => connections.createServer(handler),
    // Keep-alive connections may still send requests during shutdown: the routes answer them with problem details.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply)
      // No hook runs for these requests.
      reply.raw.once('finish', () => connections.requireBody(request.raw))
      request.server.metrics.http.answered(undefined, reply.statusCode, 0, reply.problemCode)
    },
    clientErrorHandler: answerClientError,
    // A body is validated as it was sent: no value is coerced, removed or added.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } }
  }
}

/** The caller's `x-request-id` if it is safe to use, else a new one. */
function requestId (request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
}

/** Trusts X-Forwarded-For of the given number of proxies. Fastify's own `true` uses the leftmost entry, which any client can set. */
function trustedHops (value: string): false | ((address: string, hop: number) => boolean) {
  if (value === 'false') return false
  const count = value === 'true' ? 1 : Number(value)
  return (_address, hop) => hop < count
}
