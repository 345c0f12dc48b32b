import { findRedisServer } from '../../tests/support/find-redis.ts'
import { RedisProcess } from '../../tests/support/redis-process.ts'

/** A Redis server of the bench's own; its program is found or installed as for the tests. */
export async function startRedis (): Promise<RedisProcess> {
  return await RedisProcess.start(findRedisServer())
}
