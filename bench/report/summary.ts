import type { Measurement } from '../lib/scenario.ts'
import { median } from '../lib/statistics.ts'
import { SYSTEMS, type SystemName } from '../lib/systems.ts'
import type { ScenarioResult } from './results.ts'

/** One row per system and phase of a scenario; each figure is the median over the rounds. */
export interface Row {
  system: SystemName
  phase: string
  rounds: number
  figures: Record<string, number>
}

export function summarizeMeasurements ({ measurements }: Pick<ScenarioResult, 'measurements'>): Row[] {
  const groups = new Map<string, Measurement[]>()
  for (const measurement of measurements) {
    const key = `${measurement.system} ${measurement.phase}`
    groups.set(key, [...groups.get(key) ?? [], measurement])
  }
  return [...groups.values()].map((group) => {
    const [{ system, phase, figures }] = group as [Measurement]
    return {
      system,
      phase,
      rounds: group.length,
      figures: Object.fromEntries(Object.keys(figures).map((name) => [name, summarizeFigure(name, group.map((item) => item.figures[name] ?? NaN))]))
    }
  })
}

/** Checked and wrong answers are summed over the rounds; other figures are medians. */
function summarizeFigure (name: string, values: number[]): number {
  return name === 'checked' || name === 'wrong' ? values.reduce((sum, value) => sum + value, 0) : median(values)
}

type Key = readonly [SystemName, phase: string]

/** The ratio of two figures in each round: what slows down a whole round cancels out. */
export function computeRoundRatios (measurements: readonly Measurement[], figure: string, a: Key, b: Key): number[] {
  const find = ([system, phase]: Key, round: number) =>
    measurements.find((item) => item.round === round && item.system === system && item.phase === phase)?.figures[figure] ?? NaN
  const rounds = [...new Set(measurements.map(({ round }) => round))]
  return rounds.map((round) => find(a, round) / find(b, round)).filter((value) => !Number.isNaN(value))
}

/** The median of the rounds' ratios. */
export function computeMedianRatio (...args: Parameters<typeof computeRoundRatios>): number {
  return median(computeRoundRatios(...args))
}

/** Formats a scenario's rows and failures for a terminal. */
export function formatSummary (result: ScenarioResult): string[] {
  const { scenario, title, seconds, failures } = result
  return [
    `${scenario} · ${title} (${seconds.toFixed(0)} s)`,
    ...summarizeMeasurements(result).map(({ system, phase, figures }) =>
      `  ${SYSTEMS[system].padEnd(28)} ${phase === scenario ? '' : `${phase}: `}${Object.entries(figures).map(([name, value]) => `${name} ${formatNumber(value)}`).join('  ')}`),
    ...failures.map((failure) => `  FAILED ${failure}`)
  ]
}

/** Formats a number with three or four significant digits; NaN as a dash. */
export function formatNumber (value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
