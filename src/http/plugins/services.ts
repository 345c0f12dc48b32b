import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryStore } from '../../cache/memory-store.ts'
import { PredictionCache } from '../../cache/prediction-cache.ts'
import { RedisConnection } from '../../cache/redis-connection.ts'
import { RedisStore } from '../../cache/redis-store.ts'
import { SingleFlight } from '../../cache/single-flight.ts'
import type { Config } from '../../config.ts'
import type { ModelManager } from '../../inference/model-manager.ts'
import { Predictor } from '../../prediction/predictor.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The effective configuration. */
    config: Config
    /** Undefined if REDIS_URL is not set. */
    redis: RedisConnection | undefined
    predictionCache: PredictionCache
    modelManager: ModelManager
    predictor: Predictor
  }
}

/** Wires the layers below HTTP together, and starts and closes them with the server. Nothing else constructs them. */
export default fp((app: FastifyInstance, { modelManager }: { modelManager: ModelManager }, done) => {
  const { config, tracing } = app
  const metrics = app.metrics.prediction

  const redis = config.REDIS_URL === ''
    ? undefined
    : new RedisConnection({ url: config.REDIS_URL, timeoutMs: config.REDIS_TIMEOUT_MS, logger: app.log, onError: metrics.onRedisError })
  const predictionCache = new PredictionCache({
    memory: new MemoryStore({ maxEntries: config.CACHE_MAX_ENTRIES, ttlSeconds: config.CACHE_TTL_SECONDS }),
    onHit: metrics.onHit,
    onMiss: metrics.onMiss,
    ...(redis && { redis: new RedisStore(redis, { ttlSeconds: config.CACHE_TTL_SECONDS }) })
  })
  modelManager.events = { onRun: metrics.onRun, onWorkerLost: metrics.onWorkerLost }
  const predictor = new Predictor({
    host: modelManager,
    cache: predictionCache,
    flights: new SingleFlight({ onJoin: metrics.onJoin }),
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxBatchSize: config.MAX_BATCH_SIZE,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    onTrail: tracing === undefined ? metrics.onTrail : (trail) => { metrics.onTrail(trail); tracing.onTrail(trail) }
  })

  app.decorate('redis', redis)
  app.decorate('predictionCache', predictionCache)
  app.decorate('modelManager', modelManager)
  app.decorate('predictor', predictor)

  // Redis connects and the model loads in the background: liveness is answered meanwhile.
  redis?.start()
  app.addHook('onReady', (ready) => {
    void modelManager.start()
    ready()
  })
  app.addHook('onClose', async () => {
    await modelManager.close()
    redis?.close()
  })
  done()
}, { name: 'services', dependencies: ['metrics', 'tracing'] })
