import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ContentEncodingError, RequestTimeoutError, ValidationError } from '../../errors.ts'
import type { ServerLimits } from '../limits.ts'

/** A stream of lines may last for hours: it has an idle limit of its own. */
const isStream = (request: FastifyRequest): boolean => request.headers['content-type']?.startsWith('application/x-ndjson') ?? false

/**
 * What every body must be: sent in time and without Content-Encoding, and valid UTF-8 if it is JSON. Fastify's own parser
 * would replace invalid bytes by U+FFFD, and another text would be classified.
 */
export default fp((app: FastifyInstance, { bodyTimeoutMs, checkMs }: ServerLimits, done) => {
  limitBodyTime(app, bodyTimeoutMs, checkMs)
  // Before the body is read: otherwise each compressed line would be refused as invalid JSON.
  app.addHook('preParsing', ({ method, headers }, _reply, _payload, next) => {
    const { 'content-encoding': encoding = 'identity' } = headers
    if (method === 'POST' && encoding.toLowerCase() !== 'identity') next(new ContentEncodingError())
    else next()
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, parsed) => {
    if (isUtf8(body)) void parse(request, body.toString('utf8'), parsed)
    else parsed(new ValidationError('The body is not valid UTF-8'))
  })
  done()
}, { name: 'body', dependencies: ['errors'] })

/**
 * 408 for a body that does not arrive in time. Node's own requestTimeout has no exception for streams. One timer for all
 * requests: a timer per request would slow down every fast one.
 */
function limitBodyTime (app: FastifyInstance, bodyTimeoutMs: number, checkMs: number): void {
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
  app.addHook('preParsing', (request, _reply, _payload, next) => {
    if (request.method === 'POST' && !isStream(request)) pending.set(request, performance.now() + bodyTimeoutMs)
    next()
  })
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
}
