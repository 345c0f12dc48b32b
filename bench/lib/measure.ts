import { sendOneByOne } from '../load/expected-answers.ts'
import { LoadGenerator } from '../load/generator.ts'
import type { LoadJob, LoadRequest } from '../load/load.ts'
import { readThreadTimes, subtractThreadTimes } from './cpu-time.ts'
import { CORES, type Bench } from './scenario.ts'
import type { System } from './systems.ts'

/** Sends one load and returns its figures. */
export async function measureLoad ({ generator }: Pick<Bench, 'generator'>, phase: string, job: LoadJob) {
  const load = await generator.run(job)
  const { perSecond, latency, checked, wrong } = load
  return { phase, load, figures: { perSecond, p50: latency.p50 ?? NaN, p99: latency.p99 ?? NaN, checked, wrong } }
}

/** Sends one load to `system`; adds the CPU time per answer in milliseconds if it can be read. */
export async function measureLoadAndCpu (bench: Pick<Bench, 'generator'>, phase: string, { process }: System, job: LoadJob) {
  if (process === undefined) return await measureLoad(bench, phase, job)
  const before = await readThreadTimes(process.pid)
  const measurement = await measureLoad(bench, phase, job)
  const { main, workers, rest } = subtractThreadTimes(before, await readThreadTimes(process.pid), process.pid, CORES)
  const { answered, cpuMs } = measurement.load
  const costs = { mainMs: main / answered, workersMs: workers / answered, restMs: rest / answered, generatorMs: cpuMs / answered }
  return Number.isNaN(main) ? measurement : { ...measurement, figures: { ...measurement.figures, ...costs } }
}

/** Requests with the answers of an idle service without a cache, sent one at a time. */
export async function recordReferenceAnswers ({ referenceUrl }: Bench, bodies: readonly string[]): Promise<LoadRequest[]> {
  const answers = await sendOneByOne(await referenceUrl(), bodies)
  return bodies.map((body, index) => ({ body, expect: answers[index] as string }))
}

/** Provides a second generator: probes beside a load must not wait for that load's generator. */
export async function withProber<T> (use: (prober: LoadGenerator) => Promise<T>): Promise<T> {
  const prober = new LoadGenerator()
  try {
    return await use(prober)
  } finally {
    prober.stop()
  }
}
