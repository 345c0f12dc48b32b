import type { SystemName } from '../lib/systems.ts'
import { median } from '../lib/statistics.ts'
import { OVERLOAD_TIMEOUT_MS } from '../scenarios/overload.ts'
import { formatNumber } from './summary.ts'

/** Figures of one scenario, as targets read them. */
export interface Figures {
  /** A figure in each round. */
  rounds: (figure: string, system: SystemName) => number[]
  /** Ratio of two systems in each round. */
  ratios: (figure: string, a: SystemName, b: SystemName) => number[]
  /** Ratio of two phases in each round, of the service or another system. */
  phaseRatios: (figure: string, a: string, b: string, system?: SystemName) => number[]
  /** Median over the rounds. */
  median: (figure: string, phase: string, system?: SystemName) => number
}

/** A requirement on one figure, or a figure that is reported beside the requirements. */
export interface Target {
  scenario: string
  what: string
  /** Empty if nothing is required. */
  required: string
  /** Omitted from the report if not measured, because not every run can measure it. */
  optional?: boolean
  /** The figure as text, and whether it meets the requirement (undefined without one). */
  measure: (figures: Figures) => [measured: string, met: boolean | undefined]
}

const formatTimes = (value: number): string => `${formatNumber(value)} ×`
const formatPercent = (value: number): string => `${(value * 100).toFixed(1)} %`
const formatMs = (value: number): string => `${formatNumber(value)} ms`

/** The median of the rounds and their range. */
function formatRange (format: (value: number) => string, rounds: readonly number[]): string {
  const middle = format(median(rounds))
  return rounds.length < 2 ? middle : `${middle} (${format(Math.min(...rounds))} to ${format(Math.max(...rounds))})`
}

type Read<T> = (figures: Figures) => T
type Measure = Target['measure']

const atLeast = (least: number, format: (value: number) => string, read: Read<number[]>): Measure =>
  (figures) => [formatRange(format, read(figures)), median(read(figures)) >= least]
const atMost = (most: number, format: (value: number) => string, read: Read<number[]>): Measure =>
  (figures) => [formatRange(format, read(figures)), median(read(figures)) <= most]
const figureAtMost = (most: number, format: (value: number) => string, read: Read<number>): Measure =>
  (figures) => [format(read(figures)), read(figures) <= most]
const withoutRequirement = (format: (value: number) => string, read: Read<number[]>): Measure =>
  (figures) => [formatRange(format, read(figures)), undefined]

const SINGLE_P99_MS = 60
const HEALTH_P99_MS = 20
const REFUSAL_P99_MS = 50
const COLD_START_MS = 1500
const SOAK_GROWTH_PERCENT = 2

/** A required ratio of the service's throughput in `miss` to another system's. */
const missTarget = (least: number, system: SystemName, what: string): Target => ({
  scenario: 'miss', what, required: `≥ ${least} ×`, measure: atLeast(least, formatTimes, ({ ratios }) => ratios('perSecond', 'service', system))
})

/** The same ratio without a requirement. */
const missRatio = (system: SystemName, what: string): Target => ({
  scenario: 'miss', what, required: '', optional: true, measure: withoutRequirement(formatTimes, ({ ratios }) => ratios('perSecond', 'service', system))
})

/** Ratio to the checkout of --against. */
const comparison = (scenario: string, figure: string, what: string): Target => ({
  scenario, what: `${what}, relative to the checkout of --against`, required: '', optional: true, measure: withoutRequirement(formatPercent, ({ ratios }) => ratios(figure, 'service', 'against'))
})

/** Every target, in the order of the report. */
export const TARGETS: readonly Target[] = [
  missTarget(1.4, 'pipeline', 'texts/s relative to (a) Fastify + pipeline()'),
  missTarget(1.4, 'batcher', 'texts/s relative to (b), the same in batches of 8'),
  missTarget(1.1, 'fastapiTuned', 'texts/s relative to FastAPI + ONNX Runtime, best options'),
  missRatio('fastapi', 'texts/s relative to FastAPI + ONNX Runtime, default options'),
  missRatio('openvino', 'texts/s relative to FastAPI + OpenVINO, best options'),
  missTarget(1.2, 'runtime', 'texts/s relative to (c) bare ONNX Runtime, default options'),
  missRatio('session', 'the same, (c) with the service\'s session options'),
  {
    scenario: 'miss',
    what: 'answers under load that differ from the same text sent alone: this service; (b)',
    required: '0; –',
    measure: (figures) => {
      const [wrong, checked] = [figures.median('wrong', 'miss'), figures.median('checked', 'miss')]
      const [theirs, of] = [figures.median('wrong', 'miss', 'batcher'), figures.median('checked', 'miss', 'batcher')]
      return [`${wrong} of ${checked}; ${formatNumber(theirs)} of ${formatNumber(of)}`, wrong === 0 && checked > 0]
    }
  },
  {
    scenario: 'miss',
    what: 'round trip between two cores while (a) was measured: it slows down runs with two threads',
    required: '',
    optional: true,
    measure: withoutRequirement((value) => `${formatNumber(value)} ns`, ({ rounds }) => rounds('coreRoundTripNs', 'pipeline'))
  },
  comparison('miss', 'perSecond', 'texts/s'),
  comparison('miss', 'p99', 'p99'),
  { scenario: 'hit-memory', what: 'requests/s relative to (d) bare Fastify route', required: '≥ 60 %', measure: atLeast(0.6, formatPercent, ({ ratios }) => ratios('perSecond', 'service', 'route')) },
  { scenario: 'hit-memory', what: 'p99 relative to (d)', required: '≤ 2 ×', measure: atMost(2, formatTimes, ({ ratios }) => ratios('p99', 'service', 'route')) },
  comparison('hit-memory', 'perSecond', 'requests/s'),
  { scenario: 'hit-redis', what: 'requests/s relative to (d)', required: '≥ 35 %', measure: atLeast(0.35, formatPercent, ({ ratios }) => ratios('perSecond', 'service', 'route')) },
  comparison('hit-redis', 'perSecond', 'requests/s'),
  comparison('batch', 'textsPerSecond', 'texts/s'),
  {
    scenario: 'hot-key',
    what: 'computations for 1,000 clients with the same new text',
    required: '1',
    measure: (figures) => [formatNumber(figures.median('computations', 'hot-key')), figures.median('computations', 'hot-key') === 1]
  },
  {
    scenario: 'health-under-load',
    what: 'p99 of /health while every core computes: this service; (a)',
    required: `≤ ${HEALTH_P99_MS} ms; –`,
    measure: (figures) => [`${formatMs(figures.median('p99', 'health'))}; ${formatMs(figures.median('p99', 'health', 'pipeline'))}`, figures.median('p99', 'health') <= HEALTH_P99_MS]
  },
  { scenario: 'overload', what: 'throughput under overload relative to normal load', required: '≥ 95 %', measure: atLeast(0.95, formatPercent, ({ phaseRatios }) => phaseRatios('perSecond', 'overload', 'miss')) },
  {
    scenario: 'overload',
    what: '(c) while (d) answers as many requests as the service refuses, relative to (c) alone',
    required: '',
    optional: true,
    measure: withoutRequirement(formatPercent, ({ phaseRatios }) => phaseRatios('perSecond', 'beside (d)', 'alone', 'session'))
  },
  comparison('overload', 'perSecond', 'texts/s'),
  { scenario: 'overload', what: 'p99 of accepted requests', required: `≤ ${OVERLOAD_TIMEOUT_MS} ms (PREDICT_TIMEOUT_MS)`, measure: figureAtMost(OVERLOAD_TIMEOUT_MS, formatMs, (figures) => figures.median('p99', 'overload')) },
  { scenario: 'overload', what: 'p99 of refusals', required: `≤ ${REFUSAL_P99_MS} ms`, measure: figureAtMost(REFUSAL_P99_MS, formatMs, (figures) => figures.median('refusedP99', 'overload')) },
  {
    scenario: 'single-under-batch',
    what: 'p99 of single texts beside batches of 128; alone',
    required: `≤ ${SINGLE_P99_MS} ms; –`,
    measure: (figures) => [`${formatMs(figures.median('p99', 'under batches'))}; ${formatMs(figures.median('p99', 'alone'))}`, figures.median('p99', 'under batches') <= SINGLE_P99_MS]
  },
  { scenario: 'cold-start', what: 'process start to first answer', required: `≤ ${formatMs(COLD_START_MS)}`, measure: figureAtMost(COLD_START_MS, formatMs, (figures) => figures.median('ms', 'cold-start')) },
  {
    scenario: 'soak',
    what: 'growth of resident memory after warm-up',
    required: `< ${SOAK_GROWTH_PERCENT} %`,
    measure: (figures) => {
      const growth = figures.median('growthPercent', 'soak')
      return [`${growth.toFixed(2)} %`, growth < SOAK_GROWTH_PERCENT]
    }
  }
]
