import { describe, expect, it } from 'vitest'
import { parseExamples } from '../../../bench/accuracy/client.ts'
import { agreement, summarize } from '../../../bench/accuracy/metrics.ts'

const outcomes = (pairs: [number, number][]) => pairs.map(([truth, predicted]) => ({ truth, predicted }))

describe('summarize', () => {
  it('averages the recall over labels, not over texts', () => {
    const summary = summarize(outcomes([[0, 0], [0, 0], [0, 0], [0, 1], [1, 1], [2, 0]]), 3)
    expect(summary.recall).toEqual([0.75, 1, 0])
    expect(summary.macroRecall).toBeCloseTo(1.75 / 3)
    expect(summary.accuracy).toBeCloseTo(4 / 6)
    expect(summary.confusion).toEqual([[3, 1, 0], [0, 1, 0], [1, 0, 0]])
  })

  it('returns the same interval around the recall every time', () => {
    const runs = outcomes(Array.from({ length: 300 }, (_, index) => [index % 3, index % 5 === 0 ? 0 : index % 3]))
    const { interval: [low, high], macroRecall } = summarize(runs, 3)
    expect(low).toBeLessThan(macroRecall)
    expect(high).toBeGreaterThan(macroRecall)
    expect(summarize(runs, 3).interval).toEqual([low, high])
  })
})

describe('agreement', () => {
  it('is the share of equal predictions', () => {
    expect(agreement(outcomes([[0, 0], [1, 1]]), outcomes([[0, 0], [1, 2]]))).toBe(0.5)
  })
})

describe('parseExamples', () => {
  it('accepts indices and names, and keeps tabs in a text', () => {
    expect(parseExamples('0\ta\tb\npositive\tc\n', ['negative', 'neutral', 'positive'])).toEqual([{ label: 0, text: 'a\tb' }, { label: 2, text: 'c' }])
  })

  it('names a line that it cannot read', () => {
    expect(() => parseExamples('0\ta\nnone\tb\n', ['negative', 'neutral'])).toThrow('Line 2')
  })
})
