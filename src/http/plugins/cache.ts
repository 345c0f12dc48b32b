import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryStore } from '../../cache/memory-store.ts'
import { PredictionCache } from '../../cache/prediction-cache.ts'
import { RedisStore } from '../../cache/redis-store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    predictionCache: PredictionCache
  }
}

/** The prediction cache: memory, and Redis where REDIS_URL is set. */
export default fp((app: FastifyInstance, _options, done) => {
  const { config, redis } = app
  const { onHit, onMiss } = app.metrics.prediction
  const memory = new MemoryStore({ maxEntries: config.CACHE_MAX_ENTRIES, ttlSeconds: config.CACHE_TTL_SECONDS })
  app.decorate('predictionCache', new PredictionCache({
    memory,
    onHit,
    onMiss,
    ...(redis && { redis: new RedisStore(redis, { ttlSeconds: config.CACHE_TTL_SECONDS }) })
  }))
  done()
}, { name: 'cache', dependencies: ['config', 'metrics', 'redis'] })
