import { availableParallelism } from 'node:os'
import type { LoadGenerator } from '../load/generator.ts'
import type { LoadResult } from '../load/load.ts'
import type { BenchModel } from './model.ts'
import type { Progress } from './progress.ts'
import type { SystemName } from './systems.ts'

/** What a scenario works with. */
export interface Bench {
  generator: LoadGenerator
  progress: Progress
  model: BenchModel
  /** Seconds per measurement, if set on the command line. */
  seconds?: number
  connections?: number
  /** Rounds per scenario, if set on the command line. */
  rounds?: number
  /** Short measurements that check answers and errors; their speed is meaningless. */
  quick: boolean
  /** Address of a service without a cache that receives no load: the source of expected answers. */
  referenceUrl: () => Promise<string>
  /** A running service to measure instead of one that the bench starts; excludes baselines. */
  url?: string
  /** `capacity` only: upper bound of the p99 in milliseconds, and a file with one text per line. */
  p99?: number
  texts?: string
  /** Directory of another built checkout to measure beside this one. */
  against?: string
}

/** One measurement of one system. */
export interface Measurement {
  system: SystemName
  round: number
  /** Distinguishes the loads of a scenario. */
  phase: string
  figures: Record<string, number>
  /** Values over time that a figure is derived from. */
  samples?: number[]
  /** The generator's full result. */
  load?: LoadResult
  /** What the figures do not express. */
  notes?: string
}

export interface Scenario {
  name: string
  /** Description in usage, terminal output and report. */
  title: string
  /** Statuses other than 200 that are expected. */
  refusals?: number[]
  /** Starts the service itself, so it cannot measure one at `url`. */
  local?: boolean
  /** Runs only if named on the command line. */
  optional?: boolean
  run: (bench: Bench) => Promise<Measurement[]>
  /** Lines for the terminal, instead of a table of medians. */
  format?: (measurements: readonly Measurement[]) => string[]
  /** An SVG chart, written beside the result file. */
  draw?: (measurements: readonly Measurement[]) => string
}

/** Number of processes or threads that can compute at once. */
export const CORES = availableParallelism()
/** Interleaved rounds of most scenarios; the report shows medians. */
export const ROUNDS = 3

type Choices = Pick<Bench, 'seconds' | 'rounds' | 'connections' | 'quick'>

/** Seconds per measurement: from the command line, else `usual`, or `quick` in a quick run. */
export const chooseSeconds = (bench: Choices, usual: number, quick = 1): number => bench.seconds ?? (bench.quick ? quick : usual)
export const chooseRounds = (bench: Choices, usual = ROUNDS): number => bench.rounds ?? (bench.quick ? 1 : usual)
export const chooseConnections = (bench: Choices, usual: number): number => bench.connections ?? usual
/** Number of requests per load whose answers are compared with expected ones. */
export const chooseCheckedCount = ({ quick }: Choices): number => quick ? 16 : 40
