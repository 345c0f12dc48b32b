import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  BodyTooLargeError, ClientDisconnectedError, InternalError, PROBLEM_TITLES, UnsupportedMediaTypeError, ValidationError, type RetryableError
} from '../errors.ts'
import { PROBLEM, toProblem } from './schemas/problem.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** The catalogue's code if this answer is an error. */
    problemCode: string | undefined
  }
}

/** nginx's status for a client that closed the connection: used only in the log and in metrics. */
export const CLIENT_CLOSED_REQUEST = 499

/** text-embeddings-inference's names for kinds of error. Source: its router/src/http/types.rs; any other code is `Validation`. */
const ERROR_TYPES: Readonly<Record<string, string>> = {
  EMPTY_TEXT: 'Empty',
  OVERLOADED: 'Overloaded',
  RATE_LIMITED: 'Overloaded',
  NOT_READY: 'Unhealthy',
  TIMEOUT: 'Backend',
  INTERNAL: 'Backend'
}

/** Sends `error` as problem details. Errors outside the catalogue are translated to it; unexpected ones are logged and answered with 500. */
export function sendProblem (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof ClientDisconnectedError) {
    void reply.code(CLIENT_CLOSED_REQUEST).send()
    return
  }
  const known = translate(error, request)
  if (known.code === 'INTERNAL') request.log.error({ err: error }, 'Request failed')
  reply.problemCode = known.code
  const huggingFace = isHuggingFaceRequest(request)
  // Hugging Face clients retry a 503 immediately and without limit; text-embeddings-inference answers 429 as well.
  const status = huggingFace && known.code === 'OVERLOADED' ? 429 : known.statusCode ?? 500
  const retryAfter = (known as Partial<RetryableError>).retryAfterSeconds
  if (known.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer')
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  void reply
    .code(status)
    // Fastify raises its own errors before the hook that sets this header.
    .header('x-request-id', request.id)
    .type(PROBLEM)
    .serializer(JSON.stringify)
    .send({ ...toProblem(known, request.id), status, ...(huggingFace && { error: known.message, error_type: ERROR_TYPES[known.code] ?? 'Validation' }) })
}

/** Translates Fastify's errors. The messages of its parsers are replaced, because they could quote the body. */
function translate (error: FastifyError, request: FastifyRequest): FastifyError {
  if (error.code !== undefined && error.code in PROBLEM_TITLES) return error
  if (error.validation !== undefined) return new ValidationError(error.message)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return new BodyTooLargeError(request.routeOptions.bodyLimit)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return new UnsupportedMediaTypeError()
    case 'FST_ERR_CTP_EMPTY_JSON_BODY': return new ValidationError('The body is empty')
    case 'FST_ERR_BAD_URL': return new ValidationError('The URL is not valid')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH': return new ValidationError('The length of the body differs from Content-Length')
  }
  const status = error.statusCode ?? 500
  return status >= 400 && status < 500 ? new ValidationError('The body is not valid JSON') : new InternalError()
}

/** Whether the request uses the Hugging Face or text-embeddings-inference contract. */
function isHuggingFaceRequest ({ method, body, routeOptions }: FastifyRequest): boolean {
  return (method === 'POST' && routeOptions.url === '/') || (typeof body === 'object' && body !== null && 'inputs' in body)
}
