import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryStore } from '../cache/memory-store.ts'
import { PredictionCache } from '../cache/prediction-cache.ts'
import { RedisStore } from '../cache/redis-store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    predictionCache: PredictionCache
  }
}

/** The prediction cache: memory, and Redis where REDIS_URL is set. Redis connects in the background. */
export default fp((app: FastifyInstance, _options, done) => {
  const { config } = app
  const memory = new MemoryStore({ maxEntries: config.CACHE_MAX_ENTRIES, ttlSeconds: config.CACHE_TTL_SECONDS })
  let redis: RedisStore | undefined
  if (config.REDIS_URL !== '') {
    redis = new RedisStore({
      url: config.REDIS_URL,
      timeoutMs: config.REDIS_TIMEOUT_MS,
      ttlSeconds: config.CACHE_TTL_SECONDS,
      logger: app.log
    })
    redis.start()
  }
  const cache = new PredictionCache({ memory, ...(redis && { redis }) })
  app.decorate('predictionCache', cache)
  app.addHook('onClose', (_app, closed) => {
    cache.close()
    closed()
  })
  done()
}, { name: 'cache', dependencies: ['config'] })
