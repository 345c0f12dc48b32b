import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { FastifyError } from 'fastify'
import { HeadersTooLargeError, RequestTimeoutError, ValidationError } from '../errors.ts'
import { toProblem } from './problem.ts'

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
