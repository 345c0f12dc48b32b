import { machineLine } from '../lib/machine.ts'
import { PARTICIPANTS } from '../lib/participants.ts'
import type { ResultFile, ScenarioResult } from '../lib/results.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { barsOf } from './bars.ts'
import { rowsOf, short } from './summary.ts'

/** The generated part of the document lies between these lines; everything else is written by hand, and kept. */
export const BEGIN = '<!-- figures: written by make bench-report -->'
export const END = '<!-- end of figures -->'

/** A scenario's newest result, with the file that it comes from. */
export interface Newest {
  file: ResultFile
  result: ScenarioResult
}

/** Of every scenario the newest result, in the order in which they run; quick runs and runs against an address do not count. */
export function newestResults (files: readonly ResultFile[]): Newest[] {
  const newest = new Map<string, Newest>()
  for (const file of files) {
    const { quick, url } = file.options
    if (quick || url !== undefined) continue
    for (const result of file.results) newest.set(result.scenario, { file, result })
  }
  return SCENARIOS.flatMap(({ name }) => newest.get(name) ?? [])
}

/** The generated part: where it was measured, every bar, every figure, and the pictures. */
export function figures (newest: readonly Newest[], pictures: readonly string[]): string {
  const results = newest.map(({ result }) => result)
  return [
    BEGIN,
    '',
    ...measuredOn(newest),
    '',
    '| scenario | what | must be | measured | |',
    '| --- | --- | --- | --- | --- |',
    ...barsOf(results).map(({ scenario, what, bar, measured, passed }) =>
      row([`\`${scenario}\``, what, bar, measured, passed === undefined ? '' : passed ? 'pass' : '**fail**'])),
    '',
    ...pictures.flatMap((name) => [`![${name.replace('.svg', '').replaceAll('-', ' ')}](benchmarks/${name})`, '']),
    '| scenario | who | rounds | answers/s | p50, ms | p99, ms | other figures |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...results.flatMap(scenarioRows),
    '',
    END
  ].join('\n')
}

/** `document` with its generated part replaced; appended where it has none yet. */
export function withFigures (document: string, generated: string): string {
  const from = document.indexOf(BEGIN)
  const to = document.indexOf(END)
  if (from < 0 || to < from) return `${document.trimEnd()}\n\n${generated}\n`
  return document.slice(0, from) + generated + document.slice(to + END.length)
}

function measuredOn (newest: readonly Newest[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { file, result } of newest) {
    const line = `on ${file.time.slice(0, 10)}: ${machineLine(file.machine)}; ${file.model}`
    groups.set(line, [...groups.get(line) ?? [], result.scenario])
  }
  if (groups.size === 1) return [`Measured ${[...groups.keys()][0]}.`]
  return [...groups].map(([line, scenarios]) => `- ${scenarios.join(', ')}: measured ${line}.`)
}

function scenarioRows (result: ScenarioResult): string[] {
  return rowsOf(result).map(({ participant, phase, rounds, figures: { perSecond, p50, p99, checked, wrong, ...others } }) => row([
    `\`${result.scenario}\`${phase === result.scenario ? '' : `, ${phase}`}`,
    PARTICIPANTS[participant],
    String(rounds),
    cell(perSecond), cell(p50), cell(p99),
    [
      ...Object.entries(others).map(([name, value]) => `${name} ${short(value)}`),
      ...(checked === undefined || checked === 0 ? [] : [`${wrong} of ${checked} checked answers differ`])
    ].join(', ')
  ]))
}

const cell = (value: number | undefined): string => value === undefined ? '' : short(value)
const row = (cells: readonly string[]): string => `| ${cells.map((item) => item.replaceAll('|', '\\|')).join(' | ')} |`
