import { SYSTEMS } from '../lib/systems.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import type { MachineReport } from './machine-report.ts'
import { formatNumber } from './summary.ts'

/** Figures that the tables leave out: they explain a measurement and are not results. */
const HIDDEN = new Set(['coreRoundTripNs', 'generatorMs', 'restMs', 'clients', 'refused', 'rate'])

/** The generated part of docs/benchmarks.md: machines, targets, charts and figures, with one column per report. */
export function renderFigures (reports: readonly MachineReport[], charts: readonly string[]): string {
  const columns = reports.map((_report, index) => String.fromCodePoint(65 + index))
  return [
    ...renderTable(['', 'processor', 'int8 instructions', 'cores', 'Node', 'ONNX Runtime', 'commit', 'date', 'model'], reports.map(({ machine, time, model }, index) => [
      columns[index] ?? '', machine.processor, machine.int8, String(machine.cores), machine.node, machine.packages['onnxruntime-node'] ?? '', machine.commit, time.slice(0, 10), model
    ])),
    '',
    '### Targets',
    '',
    ...renderTable(['scenario', 'figure', 'target', ...columns], renderTargets(reports)),
    '',
    ...charts.flatMap((name) => [`![${name.replace('.svg', '').replaceAll('-', ' ')} of ${columns[0]}](benchmarks/${name})`, '']),
    '### Figures per system',
    '',
    'Answers per second; p50 and p99 in milliseconds; other figures of the scenario.',
    '',
    ...renderTable(['scenario', 'system', ...columns], renderRows(reports))
  ].join('\n')
}

function renderTargets (reports: readonly MachineReport[]): string[][] {
  const keys = new Map(reports.flatMap(({ targets }) => targets.map(({ scenario, what, required }) => [`${scenario} ${what}`, { scenario, what, required }] as const)))
  return sortByScenario([...keys.values()]).map(({ scenario, what, required }) => [
    `\`${scenario}\``, what, required, ...reports.map(({ targets }) => {
      const target = targets.find((item) => item.scenario === scenario && item.what === what)
      if (target === undefined) return ''
      return `${target.measured}${target.met === undefined ? '' : target.met ? ' – met' : ' – **missed**'}`
    })
  ])
}

function renderRows (reports: readonly MachineReport[]): string[][] {
  const keys = new Map(reports.flatMap(({ rows }) => rows.map(({ scenario, phase, system }) => [`${scenario} ${phase} ${system}`, { scenario, phase, system }] as const)))
  return sortByScenario([...keys.values()]).map(({ scenario, phase, system }) => [
    `\`${scenario}\`${phase === scenario ? '' : `, ${phase}`}`, SYSTEMS[system], ...reports.map(({ rows }) => {
      const row = rows.find((item) => item.scenario === scenario && item.phase === phase && item.system === system)
      return row === undefined ? '' : formatFigures(row.figures)
    })
  ])
}

/** Null stands for a value that was not a number when the report was written. */
function formatFigures ({ perSecond, p50, p99, checked, wrong, ...others }: Record<string, number | null>): string {
  return [
    ...(perSecond == null ? [] : [`**${formatNumber(perSecond)}/s**`]),
    ...(p50 == null || p99 == null ? [] : [`${formatNumber(p50)} / ${formatNumber(p99)} ms`]),
    ...Object.entries(others).flatMap(([name, value]) => value == null || HIDDEN.has(name) ? [] : [`${name} ${formatNumber(value)}`]),
    ...(wrong == null || wrong === 0 ? [] : [`${wrong} of ${checked} answers differ`])
  ].join('; ')
}

function sortByScenario<T extends { scenario: string }> (items: readonly T[]): T[] {
  const order = [...SCENARIOS.map(({ name }) => name), 'all']
  return items.toSorted((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario))
}

function renderTable (head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const renderRow = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [renderRow(head), renderRow(head.map(() => '---')), ...rows.map(renderRow)]
}
