import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ModelManager } from '../../inference/model-manager.ts'

declare module 'fastify' {
  interface FastifyInstance {
    modelManager: ModelManager
  }
}

/** The model host. It loads its model from here on at the latest, while liveness is answered. */
export default fp((app: FastifyInstance, { modelManager }: { modelManager: ModelManager }, done) => {
  const { onRun, onWorkerLost } = app.metrics.prediction
  modelManager.events = { onRun, onWorkerLost }
  app.decorate('modelManager', modelManager)
  app.addHook('onReady', (ready) => {
    void modelManager.start()
    ready()
  })
  app.addHook('onClose', () => modelManager.close())
  done()
}, { name: 'inference', dependencies: ['config', 'metrics'] })
