import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ModelHost } from '../../inference/model-manager.ts'

declare module 'fastify' {
  interface FastifyInstance {
    modelHost: ModelHost
  }
}

/** The model host. It loads its model from here on at the latest, while liveness is answered. */
export default fp((app: FastifyInstance, { modelHost }: { modelHost: ModelHost }, done) => {
  const { onRun, onWorkerLost } = app.metrics.prediction
  modelHost.events = { onRun, onWorkerLost }
  app.decorate('modelHost', modelHost)
  app.addHook('onReady', (ready) => {
    void modelHost.start()
    ready()
  })
  app.addHook('onClose', () => modelHost.close())
  done()
}, { name: 'inference', dependencies: ['config', 'metrics'] })
