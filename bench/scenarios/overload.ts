import { setTimeout as delay } from 'node:timers/promises'
import { connectionsOf, costedRun, inRounds, knownCount, loadRun, oneByOneAnswers, peers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { bodyOf } from '../lib/answers.ts'
import { newSeed } from '../lib/fresh.ts'
import type { LoadRequest } from '../lib/load.ts'
import { startRoute, type Participant } from '../lib/participants.ts'
import { textsOfLength, TYPICAL } from '../lib/tweets.ts'
import { MISS_CONNECTIONS, missRequests, NO_CACHE, startSession, WARM_UP_SECONDS } from './miss.ts'

/** Requests a second, as a multiple of what the service answers at its best. */
const TIMES = 10
/** The same before it counts: the just-in-time compiler goes by refusals, and has seen them all after some ten thousand. */
const WARM_UP_TIMES = 40
/** Short, so that a run sees requests that wait as long as they may. */
export const OVERLOAD_TIMEOUT_MS = 2000
const OVERLOAD_CONNECTIONS = 1000
/** One round's ratio says little: what the machine gives in it varies by more than what refusals take. */
const ROUNDS = 9

/**
 * Which texts of a flood are let in is chance. Equal ones cost the same: else a round's ratio would say by some per cent
 * whether longer or shorter ones had the luck.
 */
const equalTexts = (count: number): string[] => textsOfLength(newSeed(), count, TYPICAL)

const equalRequests = (seconds: number, known: readonly LoadRequest[], perSecond?: number): LoadRequest[] =>
  missRequests(seconds, known, perSecond, equalTexts)

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 5)
  const known = await oneByOneAnswers(bench, equalTexts(knownCount(bench)).map(bodyOf))
  const env = { ...NO_CACHE, PREDICT_TIMEOUT_MS: String(OVERLOAD_TIMEOUT_MS) }
  const pair = async (participant: Participant, duration: number, times = TIMES) => {
    const { url } = participant
    const calm = await costedRun(bench, 'miss', participant, { url, requests: equalRequests(duration, known), connections: MISS_CONNECTIONS, seconds: duration })
    const rate = times * (calm.figures.perSecond ?? NaN)
    const flood = await costedRun(bench, 'overload', participant, {
      url, requests: equalRequests(duration, known, rate), connections: connectionsOf(bench, OVERLOAD_CONNECTIONS), seconds: duration, rate
    })
    const { refusedLatency, statuses } = flood.load
    return [calm, { ...flood, figures: { ...flood.figures, refusedP99: refusedLatency.p99 ?? NaN, refused: statuses['503'] ?? 0 } }]
  }
  const ofService = await withParticipants(services(bench, env), async (participants) => {
    if (!bench.quick) for (const participant of participants) await pair(participant, WARM_UP_SECONDS, WARM_UP_TIMES)
    return await inRounds(bench, 'overload', participants, async (participant) => await pair(participant, seconds), ROUNDS)
  })
  return [...ofService, ...bench.quick ? [] : await besideRoute(bench, seconds)]
}

/** Before the requests arrive, and after them. */
const MARGIN_SECONDS = 1

/**
 * What is left of ceiling (c) while ceiling (d), a Fastify route that does nothing, answers as many requests as the service
 * refuses: what refusals take at the least.
 */
async function besideRoute (bench: Bench, seconds: number): Promise<Run[]> {
  return await withParticipants(peers(bench, startRoute), async ([route]) => {
    if (route === undefined) return []
    const session = await startSession(bench.model)
    const { runtime } = session
    const flood = (perSecond: number, duration: number) => {
      const rate = (TIMES - 1) * perSecond
      return loadRun(bench, 'flood', { url: route.url, requests: equalRequests(duration, [], rate), connections: connectionsOf(bench, OVERLOAD_CONNECTIONS), seconds: duration, rate })
    }
    try {
      await flood(WARM_UP_TIMES / TIMES * await runtime.run(1), WARM_UP_SECONDS)
      return await inRounds(bench, 'overload', [session], async () => {
        const alone = await runtime.run(seconds)
        const flooded = flood(alone, seconds + 2 * MARGIN_SECONDS)
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
