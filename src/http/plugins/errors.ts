import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { clientAddress } from '../../auth/guard.ts'
import { HeadersTooLargeError, MethodNotAllowedError, NotFoundError, RequestTimeoutError, ValidationError } from '../../errors.ts'
import { sendProblem } from '../problem.ts'
import { PROBLEM, toProblem } from '../schemas/problem.ts'

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Errors as problem details: 404 for unknown paths, 405 for methods that a path does not support. Registered after plugins whose
 * hooks must run for every request, such as metrics.
 */
export default fp((app: FastifyInstance, _options, done) => {
  const reject = (request: FastifyRequest, reply: FastifyReply): never => {
    app.guard.countRejected(clientAddress(request.ip))
    const path = request.url.split('?', 1)[0] as string
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null)
    // CORS answers OPTIONS for any path, so OPTIONS alone does not make a path known. A wildcard route may not find the file.
    if (allowed.every((method) => method === 'OPTIONS') || allowed.includes(request.method as HTTPMethods)) throw new NotFoundError()
    void reply.header('allow', allowed.join(', '))
    throw new MethodNotAllowedError(allowed.join(', '))
  }
  // Before the body is read: an error in the body must not hide the wrong path or method.
  app.addHook('onRequest', (request, reply, next) => {
    if (request.is404) reject(request, reply)
    next()
  })
  app.setNotFoundHandler(reject)
  app.setErrorHandler(sendProblem)
  done()
}, { name: 'errors', dependencies: ['request-end', 'auth'] })

/** Answers what Node's parser rejects: invalid HTTP, headers over the limit, headers that arrive too slowly. */
export function answerClientError (error: NodeJS.ErrnoException, socket: Socket): void {
  // In the middle of a streamed answer, the client would read a second one as its content.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse }
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = toProblem(toCatalogueError(error.code), randomUUID())
  const body = JSON.stringify(problem)
  socket.end([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM}`,
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
