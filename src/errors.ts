import createError from '@fastify/error'

/**
 * The error catalogue: every failure that a client can be told of, with its code, wording and HTTP status.
 * Details of a 5xx stay in the log: none of these messages carries a path, a text or a stack.
 */

export const ValidationError = createError('VALIDATION', '%s', 400)
export const EmptyTextError = createError('EMPTY_TEXT', 'Text %s is empty or blank', 422)
const TextTooLong = createError('TEXT_TOO_LONG', '%s', 422)
export const BatchSizeError = createError('BATCH_SIZE', 'The batch has %s texts; it takes 1 to %s', 422)
export const TextPairError = createError(
  'TEXT_PAIR',
  '`inputs` holds a text pair, which this model does not take. Send a batch as {"inputs": [["first"], ["second"]]} or {"texts": ["first", "second"]}',
  422
)
export const BodyTooLargeError = createError('BODY_TOO_LARGE', 'The body is larger than %s bytes', 413)
export const LineTooLongError = createError('LINE_TOO_LONG', 'The line is larger than %s bytes', 413)
export const UnsupportedMediaTypeError = createError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json', 415)
export const ContentEncodingError = createError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, without Content-Encoding', 415)
export const NotFoundError = createError('NOT_FOUND', 'There is no such route', 404)
export const MethodNotAllowedError = createError('METHOD_NOT_ALLOWED', 'This route takes %s', 405)
export const UnauthorizedError = createError('UNAUTHORIZED', '%s', 401)
export const RequestTimeoutError = createError('REQUEST_TIMEOUT', 'The request did not arrive in time', 408)
export const HeadersTooLargeError = createError('HEADERS_TOO_LARGE', 'The request headers are too large', 431)
export const InternalError = createError('INTERNAL', 'Something went wrong on our side', 500)
export const TimeoutError = createError('TIMEOUT', 'No answer within %s ms', 504)

/** Text `index` of the request has `length` of what the unit counts, and at most `limit` are taken. */
export function textTooLong (index: number, length: string | number, unit: 'characters' | 'tokens', limit: number): Error {
  return new TextTooLong(`Text ${index} has ${length} ${unit}; at most ${limit} are allowed`)
}

/** A refusal that says when to come back. */
export interface RetryableError extends Error {
  /** Whole seconds, at least 1, for the `Retry-After` header. */
  retryAfterSeconds: number
}

// Without a stack, which would say nothing: a flood of refusals must cost little.
const Overloaded = createError('OVERLOADED', 'Too much work is queued; come back in %s s', 503, Error, false)
const RateLimited = createError('RATE_LIMITED', '%s; come back in %s s', 429)
const NotReady = createError('NOT_READY', '%s', 503)

/** The queue is full, or the wait would pass the request's deadline. */
export function overloaded (retryAfterSeconds: number): RetryableError {
  return Object.assign(new Overloaded(retryAfterSeconds), { retryAfterSeconds })
}

/** More requests, or more wrong keys, than a minute allows; the window ends in `ttlMs`. */
export function rateLimited (reason: string, ttlMs: number): RetryableError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ttlMs / 1000))
  return Object.assign(new RateLimited(reason, retryAfterSeconds), { retryAfterSeconds })
}

/** No model answers right now: it loads, its workers are gone, or the service shuts down. */
export function notReady (reason: string, retryAfterSeconds = 1): RetryableError {
  return Object.assign(new NotReady(reason), { retryAfterSeconds })
}

/** Titles of RFC 9457 problems: the same for every occurrence of a code. */
export const PROBLEM_TITLES: Readonly<Record<string, string>> = {
  VALIDATION: 'The request is not valid',
  EMPTY_TEXT: 'Empty text',
  TEXT_TOO_LONG: 'Text too long',
  BATCH_SIZE: 'Wrong batch size',
  TEXT_PAIR: 'Text pairs are not supported',
  BODY_TOO_LARGE: 'Body too large',
  LINE_TOO_LONG: 'Line too long',
  UNSUPPORTED_MEDIA_TYPE: 'Unsupported media type',
  NOT_FOUND: 'Not found',
  METHOD_NOT_ALLOWED: 'Method not allowed',
  UNAUTHORIZED: 'Unauthorized',
  RATE_LIMITED: 'Too many requests',
  REQUEST_TIMEOUT: 'Request timeout',
  HEADERS_TOO_LARGE: 'Request headers too large',
  OVERLOADED: 'Overloaded',
  NOT_READY: 'Not ready',
  TIMEOUT: 'Timeout',
  INTERNAL: 'Internal error'
}
