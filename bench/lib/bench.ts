import { availableParallelism } from 'node:os'
import { askOneByOne } from './answers.ts'
import { threadTimes, timesBetween } from './cpu-time.ts'
import { LoadGenerator } from './generator.ts'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import type { BenchModel } from './model.ts'
import { startService, type Participant, type ParticipantName } from './participants.ts'
import type { Progress } from './progress.ts'

/** What a scenario has to work with. */
export interface Bench {
  generator: LoadGenerator
  progress: Progress
  model: BenchModel
  /** Seconds of one run, where the caller asked for some. */
  seconds?: number
  connections?: number
  /** Rounds of every scenario, where the caller asked for some. */
  rounds?: number
  /** A short run that checks answers and errors; its speed means nothing. */
  quick: boolean
  /** Address of a service without a cache that no load is sent to. */
  oracle: () => Promise<string>
  /** A running service, measured instead of one that the bench starts; then there are no peers. */
  url?: string
  /** Another checkout, built, that is measured beside this one. */
  against?: string
}

/** One measurement of one participant. */
export interface Run {
  participant: ParticipantName
  round: number
  /** Which of a scenario's loads it is. */
  phase: string
  figures: Record<string, number>
  /** Values over time, where a figure is made of them. */
  samples?: number[]
  /** Everything that the generator counted. */
  load?: LoadResult
}

export interface Scenario {
  name: string
  /** What it is, for the report. */
  title: string
  /** Statuses beside 200 that belong to it. */
  refusals?: number[]
  /** Starts the service itself, whatever runs already. */
  local?: boolean
  /** Runs only where it is asked for by name. */
  optional?: boolean
  run: (bench: Bench) => Promise<Run[]>
}

/** Processes and threads that compute. */
export const CORES = availableParallelism()
/** Texts whose answers are known from a one-by-one run. */
export const knownCount = ({ quick }: Bench): number => quick ? 16 : 40
export const secondsOf = (bench: Bench, usual: number, quick = 1): number => bench.seconds ?? (bench.quick ? quick : usual)
/** Interleaved rounds of a scenario that needs no more: the report takes their median. */
export const ROUNDS = 3
export const roundsOf = (bench: Pick<Bench, 'rounds' | 'quick'>, usual = ROUNDS): number => bench.rounds ?? (bench.quick ? 1 : usual)
export const connectionsOf = (bench: Bench, usual: number): number => bench.connections ?? usual

/** Starts the service; beside it the baseline, where there is one to compare with. */
export function services (bench: Bench, env: Record<string, string>): Starter[] {
  const { url, against, model } = bench
  if (url !== undefined) return [() => Promise.resolve({ name: 'service', url })]
  const starters: Starter[] = [() => startService(model, env)]
  if (against !== undefined) starters.push(() => startService(model, env, against))
  return starters
}

/** Peers, where the bench starts what it measures and has time for them. */
export function peers (bench: Bench, ...starters: Starter[]): Starter[] {
  return bench.url === undefined ? starters : []
}

export type Starter = () => Promise<Participant>

/** Starts every participant, hands them to `use`, and stops them whatever happens. */
export async function withParticipants<T> (starters: readonly Starter[], use: (participants: Participant[]) => Promise<T>): Promise<T> {
  const participants: Participant[] = []
  try {
    for (const starter of starters) participants.push(await starter())
    return await use(participants)
  } finally {
    await Promise.all(participants.map(async ({ process }) => { await process?.stop() }))
  }
}

/** Measures the participants in turn, round after round; every other round the other way round. */
export async function inRounds<P extends { name: ParticipantName }> (
  bench: Bench, title: string, participants: readonly P[],
  measure: (participant: P, round: number) => Promise<Omit<Run, 'participant' | 'round'>[]>, usualRounds = ROUNDS
): Promise<Run[]> {
  const runs: Run[] = []
  const rounds = roundsOf(bench, usualRounds)
  for (let round = 0; round < rounds; round++) {
    for (const participant of round % 2 === 0 ? participants : participants.toReversed()) {
      bench.progress.show(`${title}: ${participant.name}, round ${round + 1} of ${rounds}`)
      for (const run of await measure(participant, round)) runs.push({ participant: participant.name, round, ...run })
    }
  }
  return runs
}

/** Requests with the answers that a service without a cache, which has nothing else to do, gives one after the other. */
export async function oneByOneAnswers ({ oracle }: Bench, bodies: readonly string[]): Promise<LoadRequest[]> {
  const answers = await askOneByOne(await oracle(), bodies)
  return bodies.map((body, index) => ({ body, expect: answers[index] as string }))
}

/** A second generator, so that what is measured beside a load does not wait for that load's own generator. */
export async function withProber<T> (use: (prober: LoadGenerator) => Promise<T>): Promise<T> {
  const prober = new LoadGenerator()
  try {
    return await use(prober)
  } finally {
    prober.stop()
  }
}

/** Sends one load to `participant`; beside its figures what an answer cost, in milliseconds of CPU time, where that can be read. */
export async function costedRun (bench: Pick<Bench, 'generator'>, phase: string, { process }: Participant, job: LoadJob) {
  if (process === undefined) return await loadRun(bench, phase, job)
  const before = await threadTimes(process.pid)
  const run = await loadRun(bench, phase, job)
  const { main, workers, rest } = timesBetween(before, await threadTimes(process.pid), process.pid, CORES)
  const { answered, cpuMs } = run.load
  const costs = { mainMs: main / answered, workersMs: workers / answered, restMs: rest / answered, generatorMs: cpuMs / answered }
  return Number.isNaN(main) ? run : { ...run, figures: { ...run.figures, ...costs } }
}

/** Sends one load and gives its figures. */
export async function loadRun ({ generator }: Pick<Bench, 'generator'>, phase: string, job: LoadJob) {
  const load = await generator.run(job)
  const { perSecond, latency, checked, wrong } = load
  return { phase, load, figures: { perSecond, p50: latency.p50 ?? NaN, p99: latency.p99 ?? NaN, checked, wrong } }
}
