import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { RedisConnection } from '../../cache/redis-connection.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined where REDIS_URL is not set. */
    redis: RedisConnection | undefined
  }
}

/** The connection to Redis, shared by the cache and the rate limit. It connects in the background. */
export default fp((app: FastifyInstance, _options, done) => {
  const { REDIS_URL: url, REDIS_TIMEOUT_MS: timeoutMs } = app.config
  const redis = url === '' ? undefined : new RedisConnection({ url, timeoutMs, logger: app.log, onError: app.metrics.prediction.onRedisError })
  redis?.start()
  app.decorate('redis', redis)
  app.addHook('onClose', (_app, closed) => {
    redis?.close()
    closed()
  })
  done()
}, { name: 'redis', dependencies: ['config', 'metrics'] })
