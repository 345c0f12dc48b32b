import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { BodyTooLargeError, ContentEncodingError, overloaded, RequestTimeoutError, ValidationError } from '../../errors.ts'
import { ByteBudget, type Reservation } from '../byte-budget.ts'
import { ByteBuffer } from '../lines.ts'
import type { ServerLimits } from '../limits.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The part of the bytes in flight that the body, and later the answer, holds; undefined without a body. */
    reservation: Reservation | undefined
  }
}

/** Held for a stream: its read and write buffers. */
const STREAM_BYTES = 131_072
/** Held for a body of unknown length, until more of it has arrived. */
const CHUNKED_BYTES = 16_384

/** A stream of lines may last for hours: it has an idle limit of its own. */
const isStream = (request: FastifyRequest): boolean => request.headers['content-type']?.startsWith('application/x-ndjson') ?? false

/**
 * What every body must be: within the budget of bytes in flight, sent in time and without Content-Encoding, and valid UTF-8 if
 * it is JSON. Fastify's own parser would replace invalid bytes by U+FFFD, and another text would be classified.
 */
export default fp((app: FastifyInstance, { bodyTimeoutMs, checkMs }: ServerLimits, done) => {
  const reserve = limitBytes(app)
  const startClock = limitBodyTime(app, bodyTimeoutMs, checkMs)
  app.addHook('preParsing', (request, _reply, _payload, next) => {
    if (request.method !== 'POST') {
      next()
      return
    }
    const { 'content-encoding': encoding = 'identity' } = request.headers
    const stream = isStream(request)
    if (!reserve(request, stream)) {
      next(overloaded(1))
    } else if (encoding.toLowerCase() !== 'identity') {
      // Before the body is read: otherwise each compressed line would be rejected as invalid JSON.
      next(new ContentEncodingError())
    } else {
      if (!stream) startClock(request)
      next()
    }
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', (request, payload, parsed) => {
    readBody(request, payload, (error, body) => {
      if (error !== null) parsed(error)
      else if (isUtf8(body)) void parse(request, body.toString('utf8'), parsed)
      else parsed(new ValidationError('The body is not valid UTF-8'))
    })
  })
  done()
}, { name: 'body', dependencies: ['errors'] })

/**
 * Bounds the bodies and unread answers of all connections together by MAX_BYTES_IN_FLIGHT. Returns a function that reserves the
 * bytes of a request before its body is read; false if there are not enough.
 */
function limitBytes (app: FastifyInstance): (request: FastifyRequest, stream: boolean) => boolean {
  const { MAX_BYTES_IN_FLIGHT: limit, BODY_LIMIT_BYTES: bodyLimit } = app.config
  const budget = new ByteBudget(limit)
  app.decorateRequest('reservation', undefined)
  app.addHook('onSend', (request: FastifyRequest, _reply: FastifyReply, payload: unknown, next) => {
    // The answer to many short texts is longer than its request.
    if (typeof payload === 'string' && payload.length > CHUNKED_BYTES) request.reservation?.hold(payload.length)
    next(null, payload)
  })
  app.onRequestEnd((request) => request.reservation?.release())
  return (request, stream) => {
    const announced = Number(request.headers['content-length'] ?? CHUNKED_BYTES)
    // A body over the limit is rejected without being read.
    request.reservation = budget.reserve(stream ? STREAM_BYTES : announced > bodyLimit ? 0 : announced)
    return request.reservation !== undefined
  }
}

/** Reads a body of at most `bodyLimit` bytes. */
function readBody (request: FastifyRequest, payload: Readable, done: (error: Error | null, body: Buffer) => void): void {
  const limit = request.routeOptions.bodyLimit
  const announced = Number(request.headers['content-length'])
  if (announced > limit) {
    done(new BodyTooLargeError(limit), Buffer.alloc(0))
    return
  }
  // Its bytes are reserved: growing step by step would leave as many behind for the garbage collector.
  const buffer = new ByteBuffer(Number.isNaN(announced) ? 0 : announced)
  const finish = (error: Error | null): void => {
    payload.off('data', onData).off('end', onEnd).off('error', onError)
    done(error, buffer.take())
  }
  const onError = (error: Error): void => finish(error instanceof RequestTimeoutError ? error : new ValidationError('The body is incomplete'))
  const onData = (chunk: Buffer): void => {
    if (buffer.length + chunk.length > limit) finish(new BodyTooLargeError(limit))
    else if (Number.isNaN(announced) && request.reservation?.grow(buffer.length + chunk.length) === false) finish(overloaded(1))
    else buffer.append(chunk)
  }
  const onEnd = (): void => {
    const complete = Number.isNaN(announced) || buffer.length === announced
    finish(complete ? null : new ValidationError('The length of the body differs from Content-Length'))
  }
  payload.on('data', onData).on('end', onEnd).on('error', onError)
}

/**
 * 408 for a body that does not arrive in time. Node's own requestTimeout has no exception for streams. One timer for all
 * requests: a timer per request would slow down every fast one. Returns a function that starts the time of a request.
 */
function limitBodyTime (app: FastifyInstance, bodyTimeoutMs: number, checkMs: number): (request: FastifyRequest) => void {
  /** Deadline of each body; oldest first, as all get the same time. */
  const pending = new Map<FastifyRequest, number>()
  const timer = setInterval(() => {
    const now = performance.now()
    for (const [request, deadline] of pending) {
      if (deadline > now) break
      pending.delete(request)
      const { raw } = request
      // The body's reader fails with this error, and answers with it.
      if (!raw.complete && raw.listenerCount('error') > 0) raw.emit('error', new RequestTimeoutError())
    }
  }, checkMs)
  timer.unref()
  app.addHook('preValidation', (request, _reply, next) => {
    pending.delete(request)
    next()
  })
  app.addHook('onError', (request, reply, error, next) => {
    pending.delete(request)
    // The rest of the body would be parsed as the next request.
    if (error instanceof RequestTimeoutError) void reply.header('connection', 'close')
    next()
  })
  app.addHook('onClose', (_app, closed) => {
    clearInterval(timer)
    closed()
  })
  return (request) => { pending.set(request, performance.now() + bodyTimeoutMs) }
}
