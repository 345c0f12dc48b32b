import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  BodyTooLargeError, InternalError, PROBLEM_TITLES, UnsupportedMediaTypeError, ValidationError, type RetryableError
} from '../errors.ts'
import type { Problem } from './schemas/problem.ts'
import { ClientDisconnectedError } from './client-disconnected.ts'
import { huggingFaceError } from './hugging-face-error.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** The code of the catalogue that this answer is a problem of; undefined where it is none. */
    problemCode: string | undefined
  }
}

/** nginx's status for a client that closed the connection: seen only in the log and in metrics. */
export const CLIENT_CLOSED_REQUEST = 499

/** The RFC 9457 body of an error of the catalogue. */
export function toProblem (error: FastifyError, requestId: string): Problem {
  return {
    type: `urn:sentiment:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: PROBLEM_TITLES[error.code] ?? 'Error',
    status: error.statusCode ?? 500,
    detail: error.message,
    code: error.code,
    requestId
  }
}

/** Sends `error` as problem details. What is not of the catalogue is translated to it; a bug is logged and told as 500. */
export function sendProblem (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof ClientDisconnectedError) {
    void reply.code(CLIENT_CLOSED_REQUEST).send()
    return
  }
  const known = translate(error, request)
  if (known.code === 'INTERNAL') request.log.error({ err: error }, 'Request failed')
  reply.problemCode = known.code
  const retryAfter = (known as Partial<RetryableError>).retryAfterSeconds
  if (known.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer')
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  void reply
    .code(known.statusCode ?? 500)
    // An error of the framework comes before the hook that sets it.
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ ...toProblem(known, request.id), ...huggingFaceError(known, request) })
}

/** Fastify's own errors in the catalogue's words. Messages of its parsers are ours: they could quote the body. */
function translate (error: FastifyError, request: FastifyRequest): FastifyError {
  if (error.code !== undefined && error.code in PROBLEM_TITLES) return error
  if (error.validation !== undefined) return new ValidationError(error.message)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return new BodyTooLargeError(request.routeOptions.bodyLimit)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return new UnsupportedMediaTypeError()
    case 'FST_ERR_CTP_EMPTY_JSON_BODY': return new ValidationError('The body is empty')
    case 'FST_ERR_BAD_URL': return new ValidationError('The URL is not valid')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH': return new ValidationError('The body is not as long as Content-Length says')
  }
  const status = error.statusCode ?? 500
  return status >= 400 && status < 500 ? new ValidationError('The body is not valid JSON') : new InternalError()
}
