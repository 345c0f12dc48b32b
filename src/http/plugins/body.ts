import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { BodyTooLargeError, ContentEncodingError, overloaded, RequestTimeoutError, ValidationError } from '../../errors.ts'
import { ByteBudget, type Reservation } from '../byte-budget.ts'
import { ByteBuffer } from '../lines.ts'
import type { ServerLimits } from '../limits.ts'
import { NDJSON } from '../ndjson.ts'

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

const isStream = (request: FastifyRequest): boolean => request.headers['content-type']?.toLowerCase().startsWith(NDJSON) ?? false

/**
 * What every body must be: within the budget of bytes in flight, sent in time and without Content-Encoding, and valid UTF-8 if
 * it is JSON. Fastify's own parser would replace invalid bytes by U+FFFD, and another text would be classified.
 */
export default fp((app: FastifyInstance, { bodyTimeoutMs, incompleteRequestMs, checkMs }: ServerLimits, done) => {
  const reserve = limitBytes(app)
  const deadlines = new BodyDeadlines(bodyTimeoutMs, checkMs)
  app.addHook('preParsing', (request, _reply, _payload, next) => {
    if (request.method !== 'POST') {
      next()
      return
    }
    const { 'content-encoding': encoding = 'identity' } = request.headers
    // Before the body is read: otherwise each compressed line would be rejected as invalid JSON.
    if (!reserve(request)) next(overloaded(1))
    else if (encoding.toLowerCase() !== 'identity') next(new ContentEncodingError())
    else next()
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', (request, payload, parsed) => {
    readBody(request, payload, deadlines, (error, body) => {
      if (error !== null) parsed(error)
      else if (isUtf8(body)) void parse(request, body.toString('utf8'), parsed)
      else parsed(new ValidationError('The body is not valid UTF-8'))
    })
  })
  app.addHook('onError', (_request, reply, error, next) => {
    // The rest of the body would be parsed as the next request.
    if (error instanceof RequestTimeoutError) void reply.header('connection', 'close')
    next()
  })
  app.addHook('preClose', (closed) => {
    deadlines.limit(incompleteRequestMs)
    closed()
  })
  app.addHook('onClose', (_app, closed) => {
    deadlines.close()
    closed()
  })
  done()
}, { name: 'body', dependencies: ['errors'] })

/**
 * Bounds the bodies and unread answers of all connections together by MAX_BYTES_IN_FLIGHT, which callers share. Returns a function
 * that reserves the bytes of a request before its body is read; false if there are not enough.
 */
function limitBytes (app: FastifyInstance): (request: FastifyRequest) => boolean {
  const { MAX_BYTES_IN_FLIGHT: limit, BODY_LIMIT_BYTES: bodyLimit } = app.config
  const budget = new ByteBudget(limit)
  app.decorateRequest('reservation', undefined)
  app.addHook('onSend', (request: FastifyRequest, _reply: FastifyReply, payload: unknown, next) => {
    // The answer to many short texts is longer than its request.
    if (typeof payload === 'string' && payload.length > CHUNKED_BYTES) request.reservation?.hold(payload.length)
    next(null, payload)
  })
  app.onRequestEnd((request) => request.reservation?.release())
  return (request) => {
    const announced = Number(request.headers['content-length'] ?? CHUNKED_BYTES)
    // A body over the limit is rejected without being read.
    request.reservation = budget.reserve(request.caller, isStream(request) ? STREAM_BYTES : announced > bodyLimit ? 0 : announced)
    return request.reservation !== undefined
  }
}

type Fail = (error: Error) => void

/** Fails the bodies that do not arrive in time. One timer for all of them: a timer for each would slow down every fast request. */
class BodyDeadlines {
  /** Deadlines by what fails the body; oldest first, as all bodies get the same time. */
  readonly #pending = new Map<Fail, number>()
  #timeoutMs: number
  readonly #timer: NodeJS.Timeout

  constructor (timeoutMs: number, checkMs: number) {
    this.#timeoutMs = timeoutMs
    this.#timer = setInterval(() => this.#check(performance.now()), checkMs).unref()
  }

  add (fail: Fail): void {
    this.#pending.set(fail, performance.now() + this.#timeoutMs)
  }

  delete (fail: Fail): void {
    this.#pending.delete(fail)
  }

  /** From now on, gives every body at most `ms`: a shutdown must not wait for slow clients. */
  limit (ms: number): void {
    this.#timeoutMs = ms
    const latest = performance.now() + ms
    for (const [fail, deadline] of this.#pending) this.#pending.set(fail, Math.min(deadline, latest))
  }

  close (): void {
    clearInterval(this.#timer)
  }

  #check (now: number): void {
    for (const [fail, deadline] of this.#pending) {
      if (deadline > now) return
      fail(new RequestTimeoutError())
    }
  }
}

/**
 * Reads a body of at most `bodyLimit` bytes until its deadline. Node's own requestTimeout has no exception for streams, which may
 * last for hours and have an idle limit instead.
 */
function readBody (request: FastifyRequest, payload: Readable, deadlines: BodyDeadlines, done: (error: Error | null, body: Buffer) => void): void {
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
    deadlines.delete(finish)
    done(error, buffer.take())
  }
  const onError = (): void => finish(new ValidationError('The body is incomplete'))
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
  deadlines.add(finish)
}
