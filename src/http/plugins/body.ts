import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RequestTimeoutError } from '../../errors.ts'
import type { ServerLimits } from '../limits.ts'

/** Lines may come for hours: such a body has its own time limit, between two lines. */
const isStream = (request: FastifyRequest): boolean => request.headers['content-type']?.startsWith('application/x-ndjson') ?? false

/**
 * 408 for a body that does not arrive in time. Node's own requestTimeout knows no exception for streams. One timer for all
 * requests: a timer each would cost every fast one.
 */
export default fp((app: FastifyInstance, { bodyTimeoutMs, checkMs }: ServerLimits, done) => {
  /** When each body must have arrived; oldest first, as all get the same time. */
  const pending = new Map<FastifyRequest, number>()
  const timer = setInterval(() => {
    const now = performance.now()
    for (const [request, deadline] of pending) {
      if (deadline > now) break
      pending.delete(request)
      const { raw } = request
      // Whoever reads the body takes it for broken, and answers with this error.
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
    // The rest of the body would be read as the next request.
    if (error instanceof RequestTimeoutError) void reply.header('connection', 'close')
    next()
  })
  app.addHook('onClose', (_app, closed) => {
    clearInterval(timer)
    closed()
  })
  done()
}, { name: 'slow-body' })
