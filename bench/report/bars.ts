import type { ParticipantName } from '../lib/participants.ts'
import type { ScenarioResult } from '../lib/results.ts'
import { median } from '../lib/statistics.ts'
import { OVERLOAD_TIMEOUT_MS } from '../scenarios/overload.ts'
import { roundRatios, rowsOf, short } from './summary.ts'

/** One requirement, and what was measured of it. */
export interface Bar {
  scenario: string
  what: string
  bar: string
  measured: string
  /** Undefined where nothing was measured, or nothing is required. */
  passed: boolean | undefined
}

interface Measured {
  /** Of each round. */
  rounds: (figure: string, participant: ParticipantName) => number[]
  /** Of each round. */
  ratios: (figure: string, a: ParticipantName, b: ParticipantName) => number[]
  /** Of each round, between two loads on the service, or another participant. */
  phaseRatios: (figure: string, a: string, b: string, participant?: ParticipantName) => number[]
  /** Median of the rounds. */
  figure: (figure: string, phase: string, participant?: ParticipantName) => number
}

interface Rule {
  scenario: string
  what: string
  bar: string
  /** Left out where it was not measured: not every run has what it needs. */
  optional?: boolean
  /** Whether it passed is undefined where nothing is required. */
  measure: (measured: Measured) => [measured: string, passed: boolean | undefined]
}

const times = (value: number): string => `${short(value)} ×`
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`
const ms = (value: number): string => `${short(value)} ms`

/** The median of the rounds, and between which values they lie. */
function spread (show: (value: number) => string, rounds: readonly number[]): string {
  const middle = show(median(rounds))
  return rounds.length < 2 ? middle : `${middle} (${show(Math.min(...rounds))} to ${show(Math.max(...rounds))})`
}

/** Measures a ratio whose median must reach `least`, or must not exceed `most`. */
const ratioAtLeast = (least: number, show: (value: number) => string, rounds: (measured: Measured) => number[]) =>
  (measured: Measured): [string, boolean] => [spread(show, rounds(measured)), median(rounds(measured)) >= least]
const ratioAtMost = (most: number, show: (value: number) => string, rounds: (measured: Measured) => number[]) =>
  (measured: Measured): [string, boolean] => [spread(show, rounds(measured)), median(rounds(measured)) <= most]
/** Measures a value that must not exceed `most`. */
const atMost = (most: number, show: (value: number) => string, value: (measured: Measured) => number) =>
  (measured: Measured): [string, boolean] => [show(value(measured)), value(measured) <= most]

const RULES: readonly Rule[] = [
  {
    scenario: 'miss',
    what: 'texts/s over HTTP, share of (c) bare ONNX Runtime',
    bar: '≥ 95 %',
    measure: ratioAtLeast(0.95, percent, ({ ratios }) => ratios('perSecond', 'service', 'runtime'))
  },
  {
    scenario: 'miss',
    what: 'the same, share of (c) with the service\'s own session options',
    bar: '',
    measure: ({ ratios }) => [spread(percent, ratios('perSecond', 'service', 'session')), undefined]
  },
  { scenario: 'miss', what: 'texts/s against (a)', bar: '≥ 1.3 ×', measure: ratioAtLeast(1.3, times, ({ ratios }) => ratios('perSecond', 'service', 'pipeline')) },
  { scenario: 'miss', what: 'texts/s against (b)', bar: '≥ 1.3 ×', measure: ratioAtLeast(1.3, times, ({ ratios }) => ratios('perSecond', 'service', 'batcher')) },
  {
    scenario: 'miss',
    what: 'from one core to another and back, beside (a): its two threads wait for each other',
    bar: '',
    optional: true,
    measure: ({ rounds }) => [spread((value) => `${short(value)} ns`, rounds('coreRoundTripNs', 'pipeline')), undefined]
  },
  {
    scenario: 'miss',
    what: 'answers under load that differ from the one-by-one answers, this service and (b)',
    bar: '0 here',
    measure: ({ figure }) => {
      const [wrong, checked] = [figure('wrong', 'miss'), figure('checked', 'miss')]
      const [theirs, of] = [figure('wrong', 'miss', 'batcher'), figure('checked', 'miss', 'batcher')]
      return [`${wrong} of ${checked}; (b) ${short(theirs)} of ${short(of)}`, wrong === 0 && checked > 0]
    }
  },
  { scenario: 'hit-memory', what: 'requests/s, share of (d)', bar: '≥ 60 %', measure: ratioAtLeast(0.6, percent, ({ ratios }) => ratios('perSecond', 'service', 'route')) },
  { scenario: 'hit-memory', what: 'p99 against (d)', bar: '≤ 2 ×', measure: ratioAtMost(2, times, ({ ratios }) => ratios('p99', 'service', 'route')) },
  { scenario: 'hit-redis', what: 'requests/s, share of (d)', bar: '≥ 35 %', measure: ratioAtLeast(0.35, percent, ({ ratios }) => ratios('perSecond', 'service', 'route')) },
  {
    scenario: 'hot-key',
    what: 'model runs for 1,000 clients with one new text',
    bar: '1',
    measure: ({ figure }) => [short(figure('modelRuns', 'hot-key')), figure('modelRuns', 'hot-key') === 1]
  },
  {
    scenario: 'health-under-load',
    what: '/health p99 while every core computes; (a) beside it',
    bar: '≤ 20 ms',
    measure: ({ figure }) => [`${ms(figure('p99', 'health'))}; (a) ${ms(figure('p99', 'health', 'pipeline'))}`, figure('p99', 'health') <= 20]
  },
  { scenario: 'overload', what: 'goodput against the same service\'s `miss`', bar: '≥ 95 %', measure: ratioAtLeast(0.95, percent, ({ phaseRatios }) => phaseRatios('perSecond', 'overload', 'miss')) },
  {
    scenario: 'overload',
    what: '(c) with the service\'s session, beside (d) that answers as many requests as are refused',
    bar: '',
    optional: true,
    measure: ({ phaseRatios }) => [spread(percent, phaseRatios('perSecond', 'beside (d)', 'alone', 'session')), undefined]
  },
  { scenario: 'overload', what: 'p99 of accepted requests', bar: `≤ ${OVERLOAD_TIMEOUT_MS} ms (PREDICT_TIMEOUT_MS)`, measure: atMost(OVERLOAD_TIMEOUT_MS, ms, ({ figure }) => figure('p99', 'overload')) },
  { scenario: 'overload', what: 'p99 of refusals', bar: '≤ 50 ms', measure: atMost(50, ms, ({ figure }) => figure('refusedP99', 'overload')) },
  {
    scenario: 'single-under-batch',
    what: 'p99 of single texts beside batches of 128',
    bar: '≤ 3 × alone + one text',
    measure: ({ figure }) => {
      // Alone, a single text takes as long as one text.
      const [under, alone] = [figure('p99', 'under batches'), figure('p50', 'alone')]
      return [`${ms(under)}; alone ${ms(alone)}`, under <= 3 * alone + alone]
    }
  },
  { scenario: 'cold-start', what: 'process start to first answer', bar: '≤ 1,500 ms', measure: atMost(1500, ms, ({ figure }) => figure('ms', 'cold-start')) },
  { scenario: 'soak', what: 'growth of resident memory after the first fifth', bar: '< 2 %', measure: atMost(1.999, (value) => `${value.toFixed(2)} %`, ({ figure }) => figure('growthPercent', 'soak')) },
  { scenario: 'hit-memory', what: 'requests/s against the baseline (--against)', bar: '≥ 90 %', optional: true, measure: ratioAtLeast(0.9, percent, ({ ratios }) => ratios('perSecond', 'service', 'baseline')) }
]

/** Every bar of the scenarios in `results`, in the order of the issue. */
export function barsOf (results: readonly ScenarioResult[]): Bar[] {
  return RULES.flatMap(({ measure, optional = false, ...rule }) => {
    const result = results.find(({ scenario }) => scenario === rule.scenario)
    if (result === undefined) return []
    const [measured, passed] = measure(measuredOf(result))
    const missing = measured.startsWith('–') || measured.startsWith('NaN')
    if (missing && optional) return []
    return [{ ...rule, measured: missing ? 'not measured' : measured, passed: missing ? undefined : passed }]
  }).concat(errorBar(results))
}

/** Wrong answers, errors and unexpected statuses of every scenario. */
function errorBar (results: readonly ScenarioResult[]): Bar {
  const failures = results.flatMap(({ scenario, failures: list }) => list.map((failure) => `${scenario}: ${failure}`))
  const answers = results.flatMap(({ runs }) => runs).reduce((sum, { load }) => sum + (load?.answered ?? 0), 0)
  return {
    scenario: 'all',
    what: 'errors, unexpected statuses and wrong answers',
    bar: '0',
    measured: failures.length === 0 ? `0 of ${short(answers)} answers` : failures.join('; '),
    passed: failures.length === 0
  }
}

function measuredOf ({ scenario, runs }: ScenarioResult): Measured {
  const rows = rowsOf({ runs })
  return {
    rounds: (name, participant) => runs.filter((run) => run.participant === participant && run.phase === scenario).map(({ figures }) => figures[name] ?? NaN),
    ratios: (name, a, b) => roundRatios(runs, name, [a, scenario], [b, scenario]),
    phaseRatios: (name, a, b, participant = 'service') => roundRatios(runs, name, [participant, a], [participant, b]),
    figure: (name, phase, participant = 'service') =>
      rows.find((row) => row.participant === participant && row.phase === phase)?.figures[name] ?? NaN
  }
}

/** The bars for a terminal. */
export function barLines (results: readonly ScenarioResult[]): string[] {
  return barsOf(results).map(({ scenario, what, bar, measured, passed }) =>
    `${passed === undefined ? '  – ' : passed ? 'pass' : 'FAIL'}  ${scenario}: ${what}: ${measured}${bar === '' ? '' : ` (${bar})`}`)
}
