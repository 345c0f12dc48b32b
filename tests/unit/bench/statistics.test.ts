import { describe, expect, it } from 'vitest'
import { computeGrowthPercent, median, percentile, summarizeLatency } from '../../../bench/lib/statistics.ts'

describe('median', () => {
  it('returns the middle value, or the mean of the two middle values', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })
})

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)

  it('returns the smallest value that the given percentage of values does not exceed', () => {
    expect(percentile(hundred, 99)).toBe(99)
    expect(percentile(hundred, 99.9)).toBe(100)
    expect(percentile(hundred, 0)).toBe(1)
    expect(percentile([7], 50)).toBe(7)
    expect(percentile([], 50)).toBeNaN()
  })
})

describe('summarizeLatency', () => {
  it('sorts numerically and keeps fractions of a millisecond', () => {
    expect(summarizeLatency([10, 9, 0.25])).toMatchObject({ p50: 9, p99: 10, max: 10, p1: 0.25 })
  })
})

describe('computeGrowthPercent', () => {
  it('ignores growth during the warm-up', () => {
    const samples = Array.from({ length: 100 }, (_, index) => index < 20 ? index : 100)
    expect(computeGrowthPercent(samples)).toBe(0)
  })

  it('reports a leak', () => {
    expect(computeGrowthPercent(Array.from({ length: 100 }, (_, index) => 100 + index))).toBeCloseTo((180 / 120 - 1) * 100)
  })

  it('ignores a heap that fills up and is collected', () => {
    expect(computeGrowthPercent(Array.from({ length: 100 }, (_, index) => 100 + index % 7))).toBe(0)
  })
})
