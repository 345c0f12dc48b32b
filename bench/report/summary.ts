import type { Run } from '../lib/bench.ts'
import { median } from '../lib/statistics.ts'
import { PARTICIPANTS, type ParticipantName } from '../lib/participants.ts'
import type { ScenarioResult } from '../lib/results.ts'

/** The rows of a scenario: one a participant and load, each figure the median of its rounds. */
export interface Row {
  participant: ParticipantName
  phase: string
  rounds: number
  figures: Record<string, number>
}

export function rowsOf ({ runs }: Pick<ScenarioResult, 'runs'>): Row[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const key = `${run.participant} ${run.phase}`
    groups.set(key, [...groups.get(key) ?? [], run])
  }
  return [...groups.values()].map((group) => {
    const [{ participant, phase, figures }] = group as [Run]
    return {
      participant,
      phase,
      rounds: group.length,
      figures: Object.fromEntries(Object.keys(figures).map((name) => [name, figure(name, group.map((run) => run.figures[name] ?? NaN))]))
    }
  })
}

/** Answers that were checked or wrong add up over the rounds; everything else has a median. */
function figure (name: string, values: number[]): number {
  return name === 'checked' || name === 'wrong' ? values.reduce((sum, value) => sum + value, 0) : median(values)
}

/** One participant's figure divided by another's, round by round: what slows both in a round cancels out. */
export function roundRatios (runs: readonly Run[], figureName: string, a: Key, b: Key): number[] {
  const of = (key: Key, round: number) => runs.find((run) => run.round === round && run.participant === key[0] && run.phase === key[1])?.figures[figureName]
  const rounds = [...new Set(runs.map(({ round }) => round))]
  return rounds.map((round) => (of(a, round) ?? NaN) / (of(b, round) ?? NaN)).filter((value) => !Number.isNaN(value))
}

/** The median of the rounds' ratios. */
export function medianRatio (...of: Parameters<typeof roundRatios>): number {
  return median(roundRatios(...of))
}

type Key = readonly [ParticipantName, phase: string]

/** A scenario for a terminal: its rows, then what is wrong. */
export function summaryLines (result: ScenarioResult): string[] {
  const { scenario, title, seconds, failures } = result
  return [
    `${scenario} · ${title} (${seconds.toFixed(0)} s)`,
    ...rowsOf(result).map(({ participant, phase, figures }) =>
      `  ${PARTICIPANTS[participant].padEnd(28)} ${phase === scenario ? '' : `${phase}: `}${Object.entries(figures).map(([name, value]) => `${name} ${short(value)}`).join('  ')}`),
    ...failures.map((failure) => `  FAILED ${failure}`)
  ]
}

/** Three or four significant digits. */
export function short (value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
