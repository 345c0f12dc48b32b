import type { FastifyInstance } from 'fastify'
import { setMaxListeners } from 'node:events'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: Lifecycle
  }
}

/** Whether the service is shutting down. The signal handler in serve.ts announces it; closing the app stops it. */
export class Lifecycle {
  readonly #stop = new AbortController()
  #announced = false

  constructor () {
    // One listener per open stream.
    setMaxListeners(0, this.signal)
  }

  /** True once the shutdown is announced: `/health` answers `stopping`, and every answer closes its connection. */
  get stopping (): boolean {
    return this.#announced || this.signal.aborted
  }

  /** Aborts when new requests are no longer accepted. */
  get signal (): AbortSignal {
    return this.#stop.signal
  }

  /** Announces the shutdown to load balancers and clients; requests are still accepted and answered. */
  announce (): void {
    this.#announced = true
  }

  /** Aborts `signal`: new requests are no longer accepted. */
  stop (): void {
    this.#stop.abort()
  }
}

/**
 * Returns a function that decides whether the answer sent at `now` (milliseconds) is the last one of its connection. The age of a
 * connection is limited so that clients that keep theirs open move to new replicas. The limit is drawn at the first answer, between
 * half of `maxMs` and all of it, so that connections that were opened together do not close together.
 * @param maxMs milliseconds; 0 is no limit
 */
export function createAgeLimit (maxMs: number, random = Math.random): (socket: object, now?: number) => boolean {
  const limits = new WeakMap<object, number>()
  return (socket, now = performance.now()) => {
    if (maxMs === 0) return false
    const limit = limits.get(socket)
    if (limit === undefined) limits.set(socket, now + maxMs * (1 + random()) / 2)
    return limit !== undefined && now >= limit
  }
}

export default fp((app: FastifyInstance, _options, done) => {
  const lifecycle = new Lifecycle()
  const isLastAnswer = createAgeLimit(app.config.CONNECTION_MAX_AGE_MS)
  app.decorate('lifecycle', lifecycle)
  app.addHook('onSend', (request, reply, payload, next) => {
    if (lifecycle.stopping || isLastAnswer(request.raw.socket)) reply.header('connection', 'close')
    next(null, payload)
  })
  // Also runs if the app is closed without a signal.
  app.addHook('preClose', (closed) => {
    lifecycle.stop()
    app.modelManager.stopAccepting()
    closed()
  })
  done()
}, { name: 'lifecycle', dependencies: ['services'] })
