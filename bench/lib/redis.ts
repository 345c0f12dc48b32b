import { findRedisServer } from '../../tests/support/find-redis.ts'
import { RedisProcess } from '../../tests/support/redis-process.ts'

/** Starts a Redis server for the bench. The program is located, or installed, as for the tests. */
export async function startRedis (): Promise<RedisProcess> {
  return await RedisProcess.start(findRedisServer())
}
