import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type Server, STATUS_CODES, type ServerResponse } from 'node:http'
import { type FastifyBaseLogger, type FastifyHttpOptions, LogController, type FastifyError } from 'fastify'
import type { Config } from '../config.ts'
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES, STALLED_CONNECTION_MS, type ServerLimits } from './limits.ts'
import { requireBody } from './plugins/connections.ts'
import { sendProblem, toProblem } from './problem.ts'
import type { Socket } from 'node:net'
import { HeadersTooLargeError, RequestTimeoutError, ValidationError } from '../errors.ts'

/** Answers what Node's parser refuses: invalid HTTP, headers over the limit, headers that arrive too slowly. */
export function answerClientError (error: NodeJS.ErrnoException, socket: Socket): void {
  // In the middle of a streamed answer a second one would be read as its content.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse }
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = toProblem(toCatalogueError(error.code), randomUUID())
  const body = JSON.stringify(problem)
  socket.end([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${problem.requestId}`,
    'connection: close',
    '',
    body
  ].join('\r\n'))
}

/** The catalogue's error for a parser error `code` of Node. */
export function toCatalogueError (code: string | undefined): FastifyError {
  if (code === 'HPE_HEADER_OVERFLOW') return new HeadersTooLargeError()
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestTimeoutError()
  return new ValidationError('The request is not valid HTTP')
}

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
