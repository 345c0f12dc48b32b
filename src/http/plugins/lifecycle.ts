import type { FastifyInstance } from 'fastify'
import { setMaxListeners } from 'node:events'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: Lifecycle
  }
}

/** Whether the service is shutting down; read by `/health`, set by the entry point's signal handler. */
export class Lifecycle {
  readonly #stop = new AbortController()
  #announced = false

  constructor () {
    // Every open stream listens.
    setMaxListeners(0, this.signal)
  }

  /** True from the announcement on: `/health` answers `stopping`, and every answer closes its connection. */
  get stopping (): boolean {
    return this.#announced || this.signal.aborted
  }

  /** Aborts when no new work is accepted any more. */
  get signal (): AbortSignal {
    return this.#stop.signal
  }

  /** Announces the shutdown to load balancers and clients; requests are still accepted and answered. */
  announce (): void {
    this.#announced = true
  }

  /** Ends the acceptance of new work. */
  stop (): void {
    this.#stop.abort()
  }
}

/**
 * Bounds the age of connections, so that clients which keep theirs open move to new replicas. Each connection gets a limit
 * between half of `maxMs` and `maxMs` at its first answer: connections that were opened together do not close together.
 */
export class ConnectionAges {
  readonly #limits = new WeakMap<object, number>()
  readonly #maxMs: number
  readonly #random: () => number

  /** @param maxMs milliseconds; 0 is no bound */
  constructor (maxMs: number, random = Math.random) {
    this.#maxMs = maxMs
    this.#random = random
  }

  /** Whether the answer that is sent at `now` (milliseconds) is the last one of its connection. */
  expired (socket: object, now = performance.now()): boolean {
    if (this.#maxMs === 0) return false
    const limit = this.#limits.get(socket)
    if (limit === undefined) this.#limits.set(socket, now + this.#maxMs * (1 + this.#random()) / 2)
    return limit !== undefined && now >= limit
  }
}

export default fp((app: FastifyInstance, _options, done) => {
  const lifecycle = new Lifecycle()
  const ages = new ConnectionAges(app.config.CONNECTION_MAX_AGE_MS)
  app.decorate('lifecycle', lifecycle)
  app.addHook('onSend', (request, reply, payload, next) => {
    if (lifecycle.stopping || ages.expired(request.raw.socket)) reply.header('connection', 'close')
    next(null, payload)
  })
  // Covers a close that no signal requested.
  app.addHook('preClose', (closed) => {
    lifecycle.stop()
    app.modelManager.stopAccepting()
    closed()
  })
  done()
}, { name: 'lifecycle', dependencies: ['services'] })
