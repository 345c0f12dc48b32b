import { describe, expect, it } from 'vitest'
import type { Run } from '../../../bench/lib/bench.ts'
import type { ResultFile, ScenarioResult } from '../../../bench/lib/results.ts'
import { barsOf } from '../../../bench/report/bars.ts'
import { BEGIN, END, figures, newestResults, withFigures } from '../../../bench/report/document.ts'
import { picturesOf } from '../../../bench/report/pictures.ts'
import { barChart } from '../../../bench/report/svg.ts'
import { medianRatio, rowsOf, short } from '../../../bench/report/summary.ts'

const run = (participant: Run['participant'], round: number, perSecond: number, more: Record<string, number> = {}): Run =>
  ({ participant, round, phase: 'miss', figures: { perSecond, p50: 10, p99: 20, checked: 5, wrong: 0, ...more } })
const miss = (service: number[], runtime: number[], more = {}): ScenarioResult => ({
  scenario: 'miss',
  title: 'every text new',
  seconds: 1,
  failures: [],
  runs: service.flatMap((value, round) => [run('service', round, value, more), run('runtime', round, runtime[round] ?? NaN)])
})
const file = (time: string, results: ScenarioResult[], options = {}): ResultFile => ({
  time,
  machine: { processor: 'CPU', cores: 2, int8: 'AVX2', memoryGiB: 4, node: 'v20', commit: 'abc', packages: {} },
  model: 'reference model',
  options: { quick: false, ...options },
  results
})

describe('medianRatio', () => {
  it('compares within a round, so that a slow round does not count', () => {
    const { runs } = miss([90, 9, 92], [100, 10, 100])
    expect(medianRatio(runs, 'perSecond', ['service', 'miss'], ['runtime', 'miss'])).toBe(0.9)
  })

  it('is not a number where one of both was not measured', () => {
    expect(medianRatio(miss([1], [1]).runs, 'perSecond', ['service', 'miss'], ['pipeline', 'miss'])).toBeNaN()
  })
})

describe('rowsOf', () => {
  it('takes medians over the rounds, and adds up wrong answers', () => {
    const [service] = rowsOf(miss([1, 5, 2], [1, 1, 1], { wrong: 1 }))
    expect(service?.figures).toMatchObject({ perSecond: 2, wrong: 3, checked: 15 })
  })
})

describe('barsOf', () => {
  const share = (results: ScenarioResult[]) => barsOf(results).find(({ what }) => what.includes('share of (c)'))

  it('passes what reaches its bar and fails what does not', () => {
    expect(share([miss([96], [100])])).toMatchObject({ measured: '96.0 %', passed: true })
    expect(share([miss([94], [100])])).toMatchObject({ measured: '94.0 %', passed: false })
  })

  it('shows between which values the rounds lie', () => {
    expect(share([miss([96, 90, 99.5], [100, 100, 100])])?.measured).toBe('96.0 % (90.0 % to 99.5 %)')
  })

  it('says what was not measured, instead of passing it', () => {
    expect(barsOf([miss([96], [100])]).find(({ what }) => what.includes('against (a)'))).toMatchObject({ measured: 'not measured', passed: undefined })
  })

  it('fails where a scenario failed', () => {
    const bars = barsOf([{ ...miss([96], [100]), failures: ['3 answers differ'] }])
    expect(bars.at(-1)).toMatchObject({ measured: 'miss: 3 answers differ', passed: false })
  })
})

describe('the document', () => {
  it('takes the newest full result of each scenario', () => {
    const newest = newestResults([
      file('2026-01-01', [miss([1], [1])]),
      file('2026-01-02', [miss([2], [2])]),
      file('2026-01-03', [miss([3], [3])], { quick: true }),
      file('2026-01-04', [miss([4], [4])], { url: 'http://127.0.0.1:1' })
    ])
    expect(newest.map(({ file: { time } }) => time)).toEqual(['2026-01-02'])
  })

  it('has the scenarios in the order in which they run, whichever was measured first', () => {
    const overload = { ...miss([1], [1]), scenario: 'overload' }
    const newest = newestResults([file('2026-01-01', [overload]), file('2026-01-02', [miss([2], [2])])])
    expect(newest.map(({ result }) => result.scenario)).toEqual(['miss', 'overload'])
  })

  it('replaces its figures and keeps what was written by hand', () => {
    const generated = figures(newestResults([file('2026-01-01', [miss([96], [100])])]), ['latency.svg'])
    const once = withFigures(`# Title\n\nBefore\n\n${BEGIN}\nold\n${END}\n\nAfter\n`, generated)
    expect(once).toContain('96.0 %')
    expect(once).toContain('| `miss` | this service | 1 | 96 |')
    expect(once).not.toContain('old')
    expect(once).toMatch(/^# Title\n\nBefore\n[^]*\nAfter\n$/)
    expect(withFigures(once, generated)).toBe(once)
  })
})

describe('pictures', () => {
  it('are drawn of what was measured, and nothing else', () => {
    expect(Object.keys(picturesOf([miss([96], [100])]))).toEqual(['throughput.svg', 'share-of-limit.svg'])
    expect(picturesOf([])).toEqual({})
  })

  it('escape what they are given', () => {
    expect(barChart('a < b', [])).toContain('a &lt; b')
  })
})

describe('short', () => {
  it('keeps three or four digits', () => {
    expect([1234.5, 99.94, 1.234, 3, NaN].map(short)).toEqual(['1,235', '99.9', '1.23', '3', '–'])
  })
})
