import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { CLIENT_CLOSED_REQUEST } from '../problem.ts'

/** Told of a request's end; `status` is that of the answer, or 499 where the client did not wait for it. */
export type RequestEndListener = (request: FastifyRequest, reply: FastifyReply, status: number) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Has `listener` called once for every request, when its answer was sent or its client is gone. */
    onRequestEnd: (listener: RequestEndListener) => void
  }
  interface FastifyRequest {
    /** Whether its listeners were called. */
    ended: boolean
  }
}

/** One end for every request: Fastify's own hook is not called for an answer that nobody waits for. */
export default fp((app: FastifyInstance, _options, done) => {
  const listeners: RequestEndListener[] = []
  app.decorate('onRequestEnd', (listener: RequestEndListener) => { listeners.push(listener) })
  app.decorateRequest('ended', false)
  const end = (request: FastifyRequest, reply: FastifyReply, status: number): void => {
    if (request.ended) return
    request.ended = true
    for (const listener of listeners) listener(request, reply, status)
  }
  app.addHook('onRequest', (request, reply, next) => {
    reply.raw.once('close', () => {
      // The hook of an answer that was sent is still to come.
      if (!request.ended) setImmediate(end, request, reply, reply.raw.writableEnded ? reply.statusCode : CLIENT_CLOSED_REQUEST)
    })
    next()
  })
  app.addHook('onResponse', (request, reply, next) => {
    end(request, reply, reply.statusCode)
    next()
  })
  done()
}, { name: 'request-end' })
