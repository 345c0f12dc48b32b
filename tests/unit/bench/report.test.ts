import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Measurement } from '../../../bench/lib/scenario.ts'
import { drawCharts } from '../../../bench/report/charts.ts'
import { renderFigures } from '../../../bench/report/document.ts'
import { evaluateTargets } from '../../../bench/report/evaluate.ts'
import { replaceGeneratedPart } from '../../../bench/report/generated-part.ts'
import { renderHeadlines } from '../../../bench/report/headlines.ts'
import { createReport, groupResults, readReports } from '../../../bench/report/machine-report.ts'
import { readResultFile, type ResultFile, type ScenarioResult } from '../../../bench/report/results.ts'
import { computeMedianRatio, formatNumber, summarizeMeasurements } from '../../../bench/report/summary.ts'
import { drawBarChart } from '../../../bench/report/svg.ts'

const measurement = (system: Measurement['system'], round: number, perSecond: number, more: Record<string, number> = {}): Measurement =>
  ({ system, round, phase: 'miss', figures: { perSecond, p50: 10, p99: 20, checked: 5, wrong: 0, ...more } })
const miss = (service: number[], runtime: number[], more = {}): ScenarioResult => ({
  scenario: 'miss',
  title: 'every text new',
  seconds: 1,
  failures: [],
  measurements: service.flatMap((value, round) => [measurement('service', round, value, more), measurement('runtime', round, runtime[round] ?? NaN)])
})
const resultFile = (time: string, results: ScenarioResult[], options = {}, commit = 'abc'): ResultFile => ({
  time,
  machine: { processor: 'CPU', cores: 2, int8: 'AVX2', memoryGiB: 4, node: 'v20.1.2', commit, packages: { 'onnxruntime-node': '1.30.0' } },
  model: 'reference model',
  options: { quick: false, ...options },
  results
})

describe('computeMedianRatio', () => {
  it('compares within a round, so that a slow round does not count', () => {
    const { measurements } = miss([90, 9, 92], [100, 10, 100])
    expect(computeMedianRatio(measurements, 'perSecond', ['service', 'miss'], ['runtime', 'miss'])).toBe(0.9)
  })

  it('returns NaN if one of the systems was not measured', () => {
    expect(computeMedianRatio(miss([1], [1]).measurements, 'perSecond', ['service', 'miss'], ['pipeline', 'miss'])).toBeNaN()
  })
})

describe('summarizeMeasurements', () => {
  it('takes medians over the rounds and sums up wrong answers', () => {
    const [service] = summarizeMeasurements(miss([1, 5, 2], [1, 1, 1], { wrong: 1 }))
    expect(service?.figures).toMatchObject({ perSecond: 2, wrong: 3, checked: 15 })
  })
})

describe('evaluateTargets', () => {
  const ratio = (results: ScenarioResult[]) => evaluateTargets(results).find(({ what }) => what.includes('(c) bare ONNX Runtime'))

  it('reports whether the median ratio meets its target', () => {
    expect(ratio([miss([125], [100])])).toMatchObject({ measured: '1.25 ×', met: true })
    expect(ratio([miss([115], [100])])).toMatchObject({ measured: '1.15 ×', met: false })
  })

  it('shows the range of the rounds', () => {
    expect(ratio([miss([126, 120, 129], [100, 100, 100])])?.measured).toBe('1.26 × (1.20 × to 1.29 ×)')
  })

  it('does not count a figure without a measurement as met', () => {
    expect(evaluateTargets([miss([96], [100])]).find(({ what }) => what.includes('relative to (a)'))).toMatchObject({ measured: 'not measured', met: undefined })
  })

  it('reports the failures of scenarios as missed', () => {
    const targets = evaluateTargets([{ ...miss([96], [100]), failures: ['3 answers differ'] }])
    expect(targets.at(-1)).toMatchObject({ measured: 'miss: 3 answers differ', met: false })
  })
})

describe('readResultFile', () => {
  it('reads files with the names that earlier commits used', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'results-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const run = { participant: 'baseline', round: 0, phase: 'hot-key', figures: { perSecond: 1, modelRuns: 1 } }
    await writeFile(join(directory, 'old.json'), JSON.stringify({ results: [{ scenario: 'hot-key', runs: [run] }] }))
    const { results } = await readResultFile(join(directory, 'old.json'))
    expect(results[0]?.measurements).toEqual([{ system: 'against', round: 0, phase: 'hot-key', figures: { perSecond: 1, computations: 1 } }])
  })
})

describe('groupResults', () => {
  it('takes the newest full result of each scenario of one commit', () => {
    const overload = { ...miss([1], [1]), scenario: 'overload' }
    const [group, ...others] = groupResults([
      resultFile('2026-01-01', [overload]),
      resultFile('2026-01-02', [miss([1], [1])]),
      resultFile('2026-01-03', [miss([2], [2])]),
      resultFile('2026-01-04', [miss([3], [3])], { quick: true }),
      resultFile('2026-01-05', [miss([4], [4])], { url: 'http://127.0.0.1:1' })
    ])
    expect(others).toEqual([])
    expect(group?.file.time).toBe('2026-01-03')
    expect(group?.results).toEqual([miss([2], [2]), overload])
  })

  it('separates commits and returns the one with the newest file last', () => {
    const groups = groupResults([resultFile('1', [miss([1], [1])], {}, 'old'), resultFile('2', [miss([2], [2])], {}, 'new'), resultFile('3', [miss([3], [3])], {}, 'old')])
    expect(groups.map(({ file: { machine } }) => machine.commit)).toEqual(['new', 'old'])
  })
})

describe('renderFigures', () => {
  const report = (perSecond: number, commit: string) => createReport(groupResults([resultFile('2026-01-01', [miss([perSecond], [100])], {}, commit)])[0] as never)

  it('shows the reports side by side, with commit, Node version, and targets as met or missed', () => {
    const document = renderFigures([report(125, 'new'), report(110, 'old')], ['latency.svg'])
    expect(document).toContain('| A | CPU | AVX2 | 2 | v20.1.2 | 1.30.0 | new |')
    expect(document).toContain('| 1.25 × – met | 1.10 × – **missed** |')
    expect(document).toContain('| `miss` | this service | **125/s**; 10 / 20 ms | **110/s**; 10 / 20 ms |')
    expect(document).toContain('![latency of A](benchmarks/latency.svg)')
  })

  it('leaves the cell empty if a report lacks a figure', () => {
    const hit = createReport(groupResults([resultFile('2026-01-01', [{ ...miss([1], [1]), scenario: 'zipf' }])])[0] as never)
    expect(renderFigures([report(125, 'new'), hit], [])).toContain('| `miss` | this service | **125/s**; 10 / 20 ms |  |')
  })
})

describe('replaceGeneratedPart', () => {
  const document = 'Before\n\n<!-- x: generated by npm run bench:report -->\nold\n<!-- end of x -->\n\nAfter\n'

  it('replaces the generated part, keeps the rest, and changes nothing the second time', () => {
    const once = replaceGeneratedPart(document, 'x', 'new')
    expect(once).toMatch(/^Before\n\n[^]*-->\n\nnew\n\n<!-- end of x -->\n\nAfter\n$/)
    expect(once).not.toContain('old')
    expect(replaceGeneratedPart(once, 'x', 'new')).toBe(once)
  })

  it('throws for a document without the generated part', () => {
    expect(() => replaceGeneratedPart(document, 'y', 'new')).toThrow('<!-- y: generated')
  })
})

describe('documentation', () => {
  it('contains the figures of the committed reports', async () => {
    const reports = await readReports()
    const text = await readFile('docs/benchmarks.md', 'utf8')
    expect(text).toBe(replaceGeneratedPart(text, 'figures', renderFigures(reports, ['throughput.svg', 'share-of-limit.svg', 'latency.svg'])))
  })
})

describe('renderHeadlines', () => {
  it('states each measured claim once, with machine and commit', () => {
    const report = createReport(groupResults([resultFile('2026-01-01T10:00', [miss([125], [100])])])[0] as never)
    const text = renderHeadlines(report)
    expect(text).toContain('| Throughput for new texts relative to bare ONNX Runtime without HTTP | 1.25 × |')
    expect(text).toContain('CPU, 2 cores, AVX2, Node v20.1.2, commit abc, 2026-01-01.')
    expect(text).not.toContain('Cache hits')
  })
})

describe('charts', () => {
  it('draws only what was measured', () => {
    expect(Object.keys(drawCharts([miss([96], [100])]))).toEqual(['throughput.svg', 'share-of-limit.svg'])
    expect(drawCharts([])).toEqual({})
  })

  it('escapes text', () => {
    expect(drawBarChart('a < b', [])).toContain('a &lt; b')
  })
})

describe('formatNumber', () => {
  it('keeps three or four digits', () => {
    expect([1234.5, 99.94, 1.234, 3, NaN].map(formatNumber)).toEqual(['1,235', '99.9', '1.23', '3', '–'])
  })
})
