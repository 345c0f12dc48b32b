import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { SingleFlight } from '../../cache/single-flight.ts'
import { Predictor } from '../../prediction/predictor.ts'

declare module 'fastify' {
  interface FastifyInstance {
    predictor: Predictor
  }
}

/** The one door to predictions, made of the cache and the model host. */
export default fp((app: FastifyInstance, _options, done) => {
  const { config, tracing } = app
  const { onJoin, onTrail } = app.metrics.prediction
  app.decorate('predictor', new Predictor({
    host: app.modelManager,
    cache: app.predictionCache,
    flights: new SingleFlight({ onJoin }),
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxBatchSize: config.MAX_BATCH_SIZE,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    onTrail: tracing === undefined ? onTrail : (trail) => { onTrail(trail); tracing.onTrail(trail) }
  }))
  done()
}, { name: 'predictor', dependencies: ['config', 'metrics', 'tracing', 'cache', 'inference'] })
