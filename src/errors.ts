import createError, { type FastifyError } from '@fastify/error'

/*
 * The error catalogue: every error that clients can get, with its code, message and HTTP status. No message contains a path, a text or
 * a stack; the log has the details of a 5xx.
 */

export const ValidationError = createError('VALIDATION', '%s', 400)
export const EmptyTextError = createError('EMPTY_TEXT', 'Text %s is empty or blank', 422)
const TextTooLong = createError('TEXT_TOO_LONG', '%s', 422)
export const BatchSizeError = createError('BATCH_SIZE', 'The batch has %s texts; allowed: 1 to %s', 422)
const BatchTooCostly = createError('BATCH_SIZE', 'The batch of %s texts would take about %s s; the limit is %s s. Send fewer or shorter texts', 422)
export const UnreadableError = createError('UNREADABLE', 'Text %s is written in a script that the model cannot read; `"unreadable": "warn"` answers it with a warning', 422)
export const SentenceCountError = createError('BATCH_SIZE', 'The text has %s sentences; at most %s are allowed', 422)
export const TextPairError = createError(
  'TEXT_PAIR',
  '`inputs` is a text pair, which this model does not support. Send a batch as {"inputs": [["first"], ["second"]]} or {"texts": ["first", "second"]}',
  422
)
export const BodyTooLargeError = createError('BODY_TOO_LARGE', 'The body is larger than %s bytes', 413)
export const LineTooLongError = createError('LINE_TOO_LONG', 'The line is larger than %s bytes', 413)
export const UnsupportedMediaTypeError = createError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json', 415)
export const ContentEncodingError = createError('UNSUPPORTED_MEDIA_TYPE', 'Send the body uncompressed, without Content-Encoding', 415)
export const NotFoundError = createError('NOT_FOUND', 'Route not found', 404)
export const MethodNotAllowedError = createError('METHOD_NOT_ALLOWED', 'Method not allowed; allowed: %s', 405)
export const UnauthorizedError = createError('UNAUTHORIZED', '%s', 401)
export const RequestTimeoutError = createError('REQUEST_TIMEOUT', 'The request did not arrive in time', 408)
export const HeadersTooLargeError = createError('HEADERS_TOO_LARGE', 'The request headers are too large', 431)
export const InternalError = createError('INTERNAL', 'Internal error; the log of the service has the details', 500)
export const TimeoutError = createError('TIMEOUT', 'No answer within %s ms', 504)

/** Text `index` of the request has `length` characters or tokens; at most `limit` are allowed. */
export function textTooLong (index: number, length: string | number, unit: 'characters' | 'tokens', limit: number): FastifyError {
  return new TextTooLong(`Text ${index} has ${length} ${unit}; at most ${limit} are allowed`)
}

/** The batch would take `estimateMs` on an idle service, but only `budgetMs` are left: a retry would fail as well. */
export function batchTooCostly (texts: number, estimateMs: number, budgetMs: number): Error {
  return new BatchTooCostly(texts, (estimateMs / 1000).toFixed(1), (budgetMs / 1000).toFixed(1))
}

/** An error with the time to retry after. */
export interface RetryableError extends Error {
  /** Whole seconds, at least 1, for the `Retry-After` header. */
  retryAfterSeconds: number
}

/** Without a stack: a flood of rejections must be cheap. */
const Overloaded = createError('OVERLOADED', 'Overloaded; retry after %s s', 503, Error, false)
const RateLimited = createError('RATE_LIMITED', '%s; retry after %s s', 429)
const NotReady = createError('NOT_READY', '%s', 503)

/** The queue is full, or the request would wait beyond its deadline. */
export function overloaded (retryAfterSeconds: number): RetryableError {
  return Object.assign(new Overloaded(retryAfterSeconds), { retryAfterSeconds })
}

/** A limit of texts or requests is exceeded for another `ttlMs` milliseconds. */
export function rateLimited (reason: string, ttlMs: number): RetryableError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ttlMs / 1000))
  return Object.assign(new RateLimited(reason, retryAfterSeconds), { retryAfterSeconds })
}

/** No model can answer: it is loading, all its workers were lost, or the service is shutting down. */
export function notReady (reason: string, retryAfterSeconds = 1): RetryableError {
  return Object.assign(new NotReady(reason), { retryAfterSeconds })
}

/** The client closed the connection before its answer was sent, so this error is never sent. */
export class ClientDisconnectedError extends Error {
  constructor () {
    super('The client closed the connection')
    this.name = 'ClientDisconnectedError'
  }
}

/** Titles of RFC 9457 problems: the same for every occurrence of a code. */
export const PROBLEM_TITLES: Readonly<Record<string, string>> = {
  VALIDATION: 'Invalid request',
  EMPTY_TEXT: 'Empty text',
  TEXT_TOO_LONG: 'Text too long',
  BATCH_SIZE: 'Wrong batch size',
  UNREADABLE: 'Unreadable script',
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
