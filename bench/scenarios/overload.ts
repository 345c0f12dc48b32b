import { connectionsOf, inRounds, knownCount, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { bodyOf } from '../lib/answers.ts'
import { newTexts } from '../lib/fresh.ts'
import { MISS_CONNECTIONS, missRequests, NO_CACHE, WARM_UP_SECONDS } from './miss.ts'

/** Requests a second, as a multiple of what the service answers at its best. */
const TIMES = 10
/** Short, so that a run sees requests that wait as long as they may. */
export const OVERLOAD_TIMEOUT_MS = 2000
const OVERLOAD_CONNECTIONS = 1000

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 5)
  const known = await oneByOneAnswers(bench, newTexts(knownCount(bench)).map(bodyOf))
  const env = { ...NO_CACHE, PREDICT_TIMEOUT_MS: String(OVERLOAD_TIMEOUT_MS) }
  const pair = async (url: string, duration: number) => {
    const calm = await loadRun(bench, 'miss', { url, requests: missRequests(duration, known), connections: MISS_CONNECTIONS, seconds: duration })
    const rate = TIMES * (calm.figures.perSecond ?? NaN)
    const flood = await loadRun(bench, 'overload', {
      url, requests: missRequests(duration, known, rate), connections: connectionsOf(bench, OVERLOAD_CONNECTIONS), seconds: duration, rate
    })
    const { refusedLatency, statuses } = flood.load
    return [calm, { ...flood, figures: { ...flood.figures, refusedP99: refusedLatency.p99 ?? NaN, refused: statuses['503'] ?? 0 } }]
  }
  return await withParticipants(services(bench, env), async (participants) => {
    // The just-in-time compiler has seen both before anything counts.
    if (!bench.quick) for (const { url } of participants) await pair(url, WARM_UP_SECONDS)
    return await inRounds(bench, 'overload', participants, async ({ url }) => await pair(url, seconds))
  })
}

export const overload: Scenario = { name: 'overload', title: `${TIMES} times as many requests as can be answered`, refusals: [503], run }
