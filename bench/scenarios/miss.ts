import { SESSION_OPTIONS } from '../../src/inference/session-options.ts'
import { bodyOf, knownRequests, mixIn } from '../lib/answers.ts'
import { coreRoundTripNs } from '../lib/core-distance.ts'
import { CORES, connectionsOf, costedRun, inRounds, knownCount, loadRun, peers, secondsOf, services, withParticipants, type Bench, type Scenario } from '../lib/bench.ts'
import type { LoadRequest } from '../lib/load.ts'
import type { BenchModel } from '../lib/model.ts'
import { startPipeline, type Participant } from '../lib/participants.ts'
import { newTexts } from '../lib/fresh.ts'
import { BareRuntime, DEFAULT_OPTIONS } from '../peers/bare-runtime.ts'

/** More texts a second than any machine answers: a run never runs out of new ones. */
const TEXTS_PER_SECOND = 2000
/** Short ones, and more than elsewhere: peers whose threads wait for each other have two speeds, as the machine's cores are near or far. */
const ROUNDS = 5
const SECONDS = 3
/** Requests made ready, as a multiple of what was answered before. */
const MARGIN = 3
/** Of a load that does not count. */
export const WARM_UP_SECONDS = 4
/**
 * Before each round, first of short texts and then of the load itself. While the others have their turn a process idles, and
 * V8's collections in that time drop a hundred optimized functions (--trace-deopt), which a service under load keeps.
 */
const LEAD_IN_SECONDS = { short: 3, same: 1 }
/** At the start: a few short texts by all connections. The just-in-time compiler goes by requests, not by what they cost. */
const COMPILE_SECONDS = 8
const COMPILE_TEXTS = 4
export const NO_CACHE = { CACHE_MAX_ENTRIES: '0' }
export const MISS_CONNECTIONS = 16

/** Requests for new texts, `perSecond` of them for `seconds`; `known` ones are among the first. */
export function missRequests (seconds: number, known: readonly LoadRequest[] = [], perSecond = TEXTS_PER_SECOND, textsOf = newTexts): LoadRequest[] {
  return mixIn(known, textsOf(Math.ceil(seconds * perSecond)).map((text) => ({ body: bodyOf(text) })))
}

const shortRequests = (count: number): LoadRequest[] => Array.from({ length: count }, (_, index) => ({ body: bodyOf(`no. ${index}`) }))

/** Waits until a peer that does not notice departed callers has worked off what they left. */
export const settle = async ({ url }: Participant): Promise<void> => { await knownRequests(url, newTexts(1)) }

/** All that a process of ceiling (c) runs, over and over. */
const RUNTIME_TEXTS = 512
const runtimeTexts = (): string[] => newTexts(RUNTIME_TEXTS)

/** Ceiling (c) with the options of the service's own session. */
export async function startSession ({ directory }: BenchModel, texts = runtimeTexts()) {
  return { name: 'session' as const, runtime: await BareRuntime.start({ directory, texts, options: SESSION_OPTIONS }, CORES) }
}

/** Ceiling (c): as the runtime comes, and as the service uses it; on the same texts. */
async function startRuntimes (model: BenchModel) {
  const texts = runtimeTexts()
  const { directory } = model
  return [
    { name: 'runtime' as const, runtime: await BareRuntime.start({ directory, texts, options: DEFAULT_OPTIONS }, CORES) },
    await startSession(model, texts)
  ]
}

async function run (bench: Bench) {
  const seconds = secondsOf(bench, SECONDS)
  const connections = connectionsOf(bench, MISS_CONNECTIONS)
  const compile = (url: string, duration: number) =>
    loadRun(bench, 'compile', { url, requests: shortRequests(COMPILE_TEXTS), order: 'cycle', connections, seconds: duration })
  const starters = [
    ...services(bench, NO_CACHE),
    ...peers(bench, () => startPipeline(bench.model, 'pipeline'), () => startPipeline(bench.model, 'batcher'))
  ]
  return await withParticipants(starters, async (participants) => {
    const runtimes = bench.url === undefined ? await startRuntimes(bench.model) : []
    const texts = newTexts(knownCount(bench))
    const known = new Map<string, LoadRequest[]>()
    const enough = new Map<string, number>()
    for (const participant of participants) {
      const { name, url } = participant
      known.set(name, await knownRequests(url, texts))
      bench.progress.show(`miss: ${name}, before it counts`)
      if (bench.quick) continue
      // As it is after minutes: the path is compiled, and every length has been run.
      await compile(url, COMPILE_SECONDS)
      const { figures } = await loadRun(bench, 'warm-up', { url, requests: missRequests(WARM_UP_SECONDS), connections, seconds: WARM_UP_SECONDS })
      // More than that only fills the generator's memory.
      enough.set(name, MARGIN * (figures.perSecond ?? NaN))
      await settle(participant)
    }
    try {
      return await inRounds(bench, 'miss', [...participants, ...runtimes], async (participant) => {
        if ('runtime' in participant) return [{ phase: 'miss', figures: { perSecond: await participant.runtime.run(seconds) } }]
        const { name, url } = participant
        const perSecond = enough.get(name)
        if (!bench.quick) {
          const { short, same } = LEAD_IN_SECONDS
          await compile(url, short)
          await loadRun(bench, 'lead-in', { url, requests: missRequests(same, [], perSecond), connections, seconds: same })
          await settle(participant)
        }
        const result = await costedRun(bench, 'miss', participant, { url, requests: missRequests(seconds, known.get(name), perSecond), connections, seconds })
        await settle(participant)
        return [{ ...result, figures: { ...result.figures, coreRoundTripNs: await coreRoundTripNs() } }]
      }, ROUNDS)
    } finally {
      for (const { runtime } of runtimes) runtime.stop()
    }
  })
}

export const miss: Scenario = { name: 'miss', title: 'every text new, no cache', run }
