import { bodyOf, askOneByOne, knownRequests } from '../lib/answers.ts'
import { connectionsOf, inRounds, knownCount, loadRun, peers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'
import type { LoadRequest } from '../lib/load.ts'
import { startRoute } from '../lib/participants.ts'
import { startRedis } from '../lib/redis.ts'
import { NO_CACHE } from './miss.ts'

const CONNECTIONS = 16

/** The same known texts over and over, which the cache has, against a route that only sends the same JSON. */
async function hits (bench: Bench, name: string, env: Record<string, string>): Promise<Run[]> {
  const seconds = secondsOf(bench, 4)
  const connections = connectionsOf(bench, CONNECTIONS)
  return await withParticipants([...services(bench, env), ...peers(bench, startRoute)], async (participants) => {
    const texts = newTexts(knownCount(bench))
    const requests = new Map<string, LoadRequest[]>()
    for (const { name: participant, url } of participants) {
      // The first time fills the cache.
      await askOneByOne(url, texts.map(bodyOf))
      requests.set(participant, await knownRequests(url, texts))
      // The just-in-time compiler has seen the path before anything counts.
      await bench.generator.run({ url, requests: requests.get(participant) ?? [], order: 'cycle', connections, seconds: bench.quick ? 0.2 : 4 })
    }
    return await inRounds(bench, name, participants, async (participant) => [await loadRun(bench, name, {
      url: participant.url, requests: requests.get(participant.name) ?? [], order: 'cycle', connections, seconds
    })])
  })
}

export const hitMemory: Scenario = {
  name: 'hit-memory', title: 'every text in the memory cache', run: (bench) => hits(bench, 'hit-memory', {})
}

export const hitRedis: Scenario = {
  name: 'hit-redis',
  title: 'every text in Redis, no memory cache',
  run: async (bench) => {
    if (bench.url !== undefined) return await hits(bench, 'hit-redis', {})
    const redis = await startRedis()
    try {
      return await hits(bench, 'hit-redis', { ...NO_CACHE, REDIS_URL: redis.url })
    } finally {
      await redis.close()
    }
  }
}
