import { measureLoad } from '../lib/measure.ts'
import { startRedis } from '../lib/redis.ts'
import { chooseBaselines, chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseCheckedCount, chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { startRoute } from '../lib/systems.ts'
import { recordAnswers, sendOneByOne, toBody } from '../load/expected-answers.ts'
import type { LoadRequest } from '../load/load.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { NO_CACHE } from './miss.ts'

const CONNECTIONS = 16

/** Sends the same cached texts repeatedly, to the service and to a route that only sends the same JSON. */
async function measureHits (bench: Bench, name: string, env: Record<string, string>): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 4)
  const connections = chooseConnections(bench, CONNECTIONS)
  return await withSystems([...chooseServices(bench, env), ...chooseBaselines(bench, startRoute)], async (systems) => {
    const texts = createNewTexts(chooseCheckedCount(bench))
    const requests = new Map<string, LoadRequest[]>()
    for (const { name: system, url } of systems) {
      // Fills the cache.
      await sendOneByOne(url, texts.map(toBody))
      requests.set(system, await recordAnswers(url, texts))
      // Warm-up: the code path is compiled before the first measurement.
      await bench.generator.run({ url, requests: requests.get(system) ?? [], order: 'cycle', connections, seconds: bench.quick ? 0.2 : 4 })
    }
    return await runRounds(bench, name, systems, async (system) => [await measureLoad(bench, name, {
      url: system.url, requests: requests.get(system.name) ?? [], order: 'cycle', connections, seconds
    })])
  })
}

export const hitMemory: Scenario = {
  name: 'hit-memory', title: 'every text in the memory cache', run: (bench) => measureHits(bench, 'hit-memory', {})
}

export const hitRedis: Scenario = {
  name: 'hit-redis',
  title: 'every text in Redis, no memory cache',
  run: async (bench) => {
    if (bench.url !== undefined) return await measureHits(bench, 'hit-redis', {})
    const redis = await startRedis()
    try {
      return await measureHits(bench, 'hit-redis', { ...NO_CACHE, REDIS_URL: redis.url })
    } finally {
      await redis.close()
    }
  }
}
