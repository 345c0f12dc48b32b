import { connectionsOf, inRounds, knownCount, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { bodyOf } from '../lib/answers.ts'
import { newTexts } from '../lib/fresh.ts'
import { MISS_CONNECTIONS, missRequests, NO_CACHE } from './miss.ts'

/** Requests a second, as a multiple of what the service answers at its best. */
const TIMES = 10
/** Short, so that a run sees requests that wait as long as they may. */
export const OVERLOAD_TIMEOUT_MS = 2000
const OVERLOAD_CONNECTIONS = 1000

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 5)
  const known = await oneByOneAnswers(bench, newTexts(knownCount(bench)).map(bodyOf))
  const env = { ...NO_CACHE, PREDICT_TIMEOUT_MS: String(OVERLOAD_TIMEOUT_MS) }
  return await withParticipants(services(bench, env), (participants) => inRounds(bench, 'overload', participants, async ({ url }) => {
    const requests = missRequests(seconds, known)
    const calm = await loadRun(bench, 'miss', { url, requests, connections: MISS_CONNECTIONS, seconds })
    const rate = TIMES * (calm.figures.perSecond ?? NaN)
    const flood = await loadRun(bench, 'overload', {
      url, requests: missRequests(TIMES * seconds, known), connections: connectionsOf(bench, OVERLOAD_CONNECTIONS), seconds, rate
    })
    const { refusedLatency, statuses } = flood.load
    return [calm, { ...flood, figures: { ...flood.figures, refusedP99: refusedLatency.p99 ?? NaN, refused: statuses['503'] ?? 0 } }]
  }))
}

export const overload: Scenario = { name: 'overload', title: `${TIMES} times as many requests as can be answered`, refusals: [503], run }
