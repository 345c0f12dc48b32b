import { inject } from 'vitest'
import { RedisProcess } from './redis-process.ts'

/** A Redis server of a test's own. */
export type TestRedis = RedisProcess

export const TestRedis = {
  start: (args: string[] = []): Promise<RedisProcess> => RedisProcess.start(inject('redisServer'), args)
}
