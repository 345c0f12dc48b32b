import { setTimeout as delay } from 'node:timers/promises'
import { measureLoad, measureLoadAndCpu, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseBaselines, chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseCheckedCount, chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { startRoute, type System } from '../lib/systems.ts'
import { toBody } from '../load/expected-answers.ts'
import type { LoadRequest } from '../load/load.ts'
import { nextSeed } from '../load/new-texts.ts'
import { generateTextsOfLength, TYPICAL } from '../load/tweets.ts'
import { buildMissRequests, MISS_CONNECTIONS, NO_CACHE, startSession, WARM_UP_SECONDS } from './miss.ts'

/** Requests per second, as a multiple of the throughput of `miss`. */
const TIMES = 10
/** The same for the warm-up: the just-in-time compiler needs some ten thousand refusals. */
const WARM_UP_TIMES = 40
/** Short, so that a measurement includes requests that wait for the whole deadline. */
export const OVERLOAD_TIMEOUT_MS = 2000
const OVERLOAD_CONNECTIONS = 1000
/** The machine's speed varies more between loads than refusals cost, so a single ratio means little. */
const ROUNDS = 7

/**
 * Admission is random under overload. Texts of equal length cost the same; otherwise the ratio would depend by some percent on
 * whether longer or shorter texts were admitted.
 */
const createEqualTexts = (count: number): string[] => generateTextsOfLength(nextSeed(), count, TYPICAL)

const buildEqualRequests = (seconds: number, known: readonly LoadRequest[], perSecond?: number): LoadRequest[] =>
  buildMissRequests(seconds, known, perSecond, createEqualTexts)

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 5)
  const known = await recordReferenceAnswers(bench, createEqualTexts(chooseCheckedCount(bench)).map(toBody))
  const env = { ...NO_CACHE, PREDICT_TIMEOUT_MS: String(OVERLOAD_TIMEOUT_MS) }
  const measurePair = async (system: System, duration: number, times = TIMES) => {
    const { url } = system
    const normal = await measureLoadAndCpu(bench, 'miss', system, { url, requests: buildEqualRequests(duration, known), connections: MISS_CONNECTIONS, seconds: duration })
    const rate = times * (normal.figures.perSecond ?? NaN)
    const flood = await measureLoadAndCpu(bench, 'overload', system, {
      url, requests: buildEqualRequests(duration, known, rate), connections: chooseConnections(bench, OVERLOAD_CONNECTIONS), seconds: duration, rate, coarse: true
    })
    const { refusedLatency, statuses } = flood.load
    return [normal, { ...flood, figures: { ...flood.figures, refusedP99: refusedLatency.p99 ?? NaN, refused: statuses[503] ?? 0 } }]
  }
  const service = await withSystems(chooseServices(bench, env), async (systems) => {
    if (!bench.quick) for (const system of systems) await measurePair(system, WARM_UP_SECONDS, WARM_UP_TIMES)
    return await runRounds(bench, 'overload', systems, async (system) => await measurePair(system, seconds), ROUNDS)
  })
  return [...service, ...bench.quick ? [] : await measureBesideRoute(bench, seconds)]
}

/** The load on (d) starts this much before the measurement and ends as much after it. */
const MARGIN_SECONDS = 1

/**
 * Measures limit (c) while limit (d), a Fastify route that does nothing, answers as many requests as the service refuses: the
 * least that refusals cost.
 */
async function measureBesideRoute (bench: Bench, seconds: number): Promise<Measurement[]> {
  return await withSystems(chooseBaselines(bench, startRoute), async ([route]) => {
    if (route === undefined) return []
    const session = await startSession(bench.model)
    const { runtime } = session
    const sendFlood = (perSecond: number, duration: number) => {
      const rate = (TIMES - 1) * perSecond
      return measureLoad(bench, 'flood', { url: route.url, requests: buildEqualRequests(duration, [], rate), connections: chooseConnections(bench, OVERLOAD_CONNECTIONS), seconds: duration, rate, coarse: true })
    }
    try {
      await sendFlood(WARM_UP_TIMES / TIMES * await runtime.run(1), WARM_UP_SECONDS)
      return await runRounds(bench, 'overload', [session], async () => {
        const alone = await runtime.run(seconds)
        const flooded = sendFlood(alone, seconds + 2 * MARGIN_SECONDS)
        await delay(MARGIN_SECONDS * 1000)
        const beside = await runtime.run(seconds)
        const { load } = await flooded
        return [{ phase: 'alone', figures: { perSecond: alone } }, { phase: 'beside (d)', load, figures: { perSecond: beside } }]
      })
    } finally {
      runtime.stop()
    }
  })
}

export const overload: Scenario = { name: 'overload', title: `${TIMES} times as many requests as can be answered`, refusals: [503], run }
