import type { FastifyInstance } from 'fastify'
import { setMaxListeners } from 'node:events'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: Lifecycle
  }
}

/** Whether the service is on its way out; read by `/health`, set by the entry point's signal handler. */
export class Lifecycle {
  readonly #stopping = new AbortController()

  get stopping (): boolean {
    return this.signal.aborted
  }

  constructor () {
    // Every open stream listens.
    setMaxListeners(0, this.signal)
  }

  /** Aborts when the service begins to stop. */
  get signal (): AbortSignal {
    return this.#stopping.signal
  }

  /** From now on `/health` says `stopping`, and connections are closed after their answer. */
  stop (): void {
    this.#stopping.abort()
  }
}

export default fp((app: FastifyInstance, _options, done) => {
  const lifecycle = new Lifecycle()
  app.decorate('lifecycle', lifecycle)
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (lifecycle.stopping) reply.header('connection', 'close')
    next(null, payload)
  })
  // Covers a close that no signal asked for.
  app.addHook('preClose', (closed) => {
    lifecycle.stop()
    app.modelManager.stopAccepting()
    closed()
  })
  done()
}, { name: 'lifecycle', dependencies: ['inference'] })
