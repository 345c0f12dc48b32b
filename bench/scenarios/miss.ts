import { SESSION_OPTIONS } from '../../src/inference/onnx-runtime.ts'
import { BareRuntime, DEFAULT_OPTIONS } from '../baselines/bare-runtime.ts'
import { preparePythonBaselines } from '../baselines/python-server.ts'
import { measureCoreRoundTripNs } from '../lib/core-distance.ts'
import { measureLoad, measureLoadAndCpu } from '../lib/measure.ts'
import type { BenchModel } from '../lib/model.ts'
import { chooseBaselines, chooseServices, runRounds, withSystems, type Starter } from '../lib/rounds.ts'
import { chooseCheckedCount, chooseConnections, chooseSeconds, CORES, type Bench, type Scenario } from '../lib/scenario.ts'
import { startPipeline, SYSTEMS, type System, type SystemName } from '../lib/systems.ts'
import { mixIn, recordAnswers, toBody } from '../load/expected-answers.ts'
import type { LoadRequest } from '../load/load.ts'
import { createNewTexts } from '../load/new-texts.ts'

/** More texts per second than any machine can answer, so that a load never runs out of new ones. */
const TEXTS_PER_SECOND = 2000
/** More and shorter rounds than elsewhere: the speed of baselines with two threads per run depends on the distance of the cores, which changes on virtual machines. */
const ROUNDS = 5
const SECONDS = 3
/** Number of prepared requests, as a multiple of what was answered during the warm-up. */
const MARGIN = 3
/** Duration of a load that is not measured. */
export const WARM_UP_SECONDS = 4
/**
 * Loads before each measurement: first short texts, then the load itself. A process idles while the others are measured, and V8's
 * garbage collections discard about a hundred optimized functions in that time (--trace-deopt), which a service under load keeps.
 */
const REWARM_SECONDS = { short: 3, same: 1 }
/** First warm-up: short texts on all connections. The just-in-time compiler counts calls, so short texts trigger it sooner. */
const COMPILE_SECONDS = 8
const COMPILE_TEXTS = 4
export const NO_CACHE = { CACHE_MAX_ENTRIES: '0' }
export const MISS_CONNECTIONS = 16

/** Requests for new texts, `perSecond` of them for `seconds`, with the `known` ones among the first. */
export function buildMissRequests (seconds: number, known: readonly LoadRequest[] = [], perSecond = TEXTS_PER_SECOND, createTexts = createNewTexts): LoadRequest[] {
  return mixIn(known, createTexts(Math.ceil(seconds * perSecond)).map((text) => ({ body: toBody(text) })))
}

const buildShortRequests = (count: number): LoadRequest[] => Array.from({ length: count }, (_, index) => ({ body: toBody(`no. ${index}`) }))

/** Waits until a baseline that ignores disconnected clients has finished their requests. */
export const drain = async ({ url }: System): Promise<void> => { await recordAnswers(url, createNewTexts(1)) }

/** Number of texts that each process of limit (c) cycles through. */
const RUNTIME_TEXTS = 512
const createRuntimeTexts = (): string[] => createNewTexts(RUNTIME_TEXTS)

/** Starts limit (c) with the service's session options. */
export async function startSession ({ directory }: BenchModel, texts = createRuntimeTexts()) {
  return { name: 'session' as const, runtime: await BareRuntime.start({ directory, texts, options: SESSION_OPTIONS }, CORES) }
}

/** Starts limit (c) with ONNX Runtime's default options and with the service's, on the same texts. */
async function startRuntimes (model: BenchModel) {
  const texts = createRuntimeTexts()
  const { directory } = model
  return [
    { name: 'runtime' as const, runtime: await BareRuntime.start({ directory, texts, options: DEFAULT_OPTIONS }, CORES) },
    await startSession(model, texts)
  ]
}

/** Starters of the Python baselines; a message names those that cannot run on this machine. None in a quick run. */
async function choosePythonBaselines (bench: Bench): Promise<Starter[]> {
  if (bench.quick || bench.url !== undefined) return []
  bench.progress.show('miss: preparing the Python baselines')
  return (await preparePythonBaselines(bench.model)).flatMap((baseline) => {
    if ('start' in baseline) return [baseline.start]
    bench.progress.clear()
    process.stdout.write(`\nmiss: ${SYSTEMS[baseline.name]} SKIPPED, ${baseline.unavailable}\n`)
    return []
  })
}

/** Systems whose code is compiled while it runs: they need a longer warm-up than Python's, which is interpreted. */
const COMPILED = new Set<SystemName>(['service', 'against', 'pipeline', 'batcher'])

async function run (bench: Bench) {
  const seconds = chooseSeconds(bench, SECONDS)
  const connections = chooseConnections(bench, MISS_CONNECTIONS)
  const compile = (url: string, duration: number) =>
    measureLoad(bench, 'compile', { url, requests: buildShortRequests(COMPILE_TEXTS), order: 'cycle', connections, seconds: duration })
  const starters = [
    ...chooseServices(bench, NO_CACHE),
    ...chooseBaselines(bench, () => startPipeline(bench.model, 'pipeline'), () => startPipeline(bench.model, 'batcher')),
    ...await choosePythonBaselines(bench)
  ]
  return await withSystems(starters, async (systems) => {
    const runtimes = bench.url === undefined ? await startRuntimes(bench.model) : []
    const texts = createNewTexts(chooseCheckedCount(bench))
    const known = new Map<string, LoadRequest[]>()
    const prepared = new Map<string, number>()
    for (const system of systems) {
      const { name, url } = system
      known.set(name, await recordAnswers(url, texts))
      bench.progress.show(`miss: ${name}, warm-up`)
      if (bench.quick) continue
      // Steady state: the code path is compiled, and every text length has been run.
      if (COMPILED.has(name)) await compile(url, COMPILE_SECONDS)
      const { figures } = await measureLoad(bench, 'warm-up', { url, requests: buildMissRequests(WARM_UP_SECONDS), connections, seconds: WARM_UP_SECONDS })
      // More would only fill the generator's memory.
      prepared.set(name, MARGIN * (figures.perSecond ?? NaN))
      await drain(system)
    }
    try {
      return await runRounds(bench, 'miss', [...systems, ...runtimes], async (system) => {
        if ('runtime' in system) return [{ phase: 'miss', figures: { perSecond: await system.runtime.run(seconds) } }]
        const { name, url } = system
        const perSecond = prepared.get(name)
        if (!bench.quick) {
          const { short, same } = REWARM_SECONDS
          if (COMPILED.has(name)) await compile(url, short)
          await measureLoad(bench, 'rewarm', { url, requests: buildMissRequests(same, [], perSecond), connections, seconds: same })
          await drain(system)
        }
        const result = await measureLoadAndCpu(bench, 'miss', system, { url, requests: buildMissRequests(seconds, known.get(name), perSecond), connections, seconds })
        await drain(system)
        return [{ ...result, figures: { ...result.figures, coreRoundTripNs: await measureCoreRoundTripNs() } }]
      }, ROUNDS)
    } finally {
      for (const { runtime } of runtimes) runtime.stop()
    }
  })
}

export const miss: Scenario = { name: 'miss', title: 'every text new, no cache', run }
