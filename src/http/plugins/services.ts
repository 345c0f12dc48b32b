import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryStore } from '../../cache/memory-store.ts'
import { PredictionCache } from '../../cache/prediction-cache.ts'
import { RedisConnection } from '../../cache/redis-connection.ts'
import { RedisStore } from '../../cache/redis-store.ts'
import type { Config } from '../../config.ts'
import type { ModelManager } from '../../inference/model-manager.ts'
import type { ComputedText } from '../../inference/queued-text.ts'
import { Predictor } from '../../prediction/predictor.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The effective configuration. */
    config: Config
    /** Undefined if REDIS_URL is not set. */
    redis: RedisConnection | undefined
    predictionCache: PredictionCache<ComputedText>
    modelManager: ModelManager
    predictor: Predictor
  }
}

/** Connects the layers below HTTP, and starts and closes them with the server. */
export default fp((app: FastifyInstance, { modelManager }: { modelManager: ModelManager }, done) => {
  const { config, tracing } = app
  const metrics = app.metrics.prediction

  const redis = config.REDIS_URL === ''
    ? undefined
    : new RedisConnection({ url: config.REDIS_URL, timeoutMs: config.REDIS_TIMEOUT_MS, logger: app.log, onError: metrics.onRedisError })
  const predictionCache = new PredictionCache<ComputedText>({
    memory: new MemoryStore({ maxEntries: config.CACHE_MAX_ENTRIES, ttlSeconds: config.CACHE_TTL_SECONDS }),
    onHit: metrics.onHit,
    onMiss: metrics.onMiss,
    onJoin: metrics.onJoin,
    ...(redis && { redis: new RedisStore(redis, { ttlSeconds: config.CACHE_TTL_SECONDS }) })
  })
  modelManager.events = { onTextComputed: metrics.onTextComputed, onWorkerLost: metrics.onWorkerLost }
  const predictor = new Predictor({
    modelManager,
    cache: predictionCache,
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxBatchSize: config.MAX_BATCH_SIZE,
    timeoutMs: config.PREDICT_TIMEOUT_MS,
    onTrace: (trace) => {
      metrics.onTrace(trace)
      app.metrics.output.onTrace(trace)
      tracing?.onTrace(trace)
    }
  })

  app.decorate('redis', redis)
  app.decorate('predictionCache', predictionCache)
  app.decorate('modelManager', modelManager)
  app.decorate('predictor', predictor)

  // Redis connects and the model loads in the background: `/health/live` answers in the meantime.
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
