import { describe, expect, it } from 'vitest'
import { growthAfterFirstFifth, latencyOf, median, percentile } from '../../../bench/lib/statistics.ts'

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })
})

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)

  it('is the smallest value that so many values do not exceed', () => {
    expect(percentile(hundred, 99)).toBe(99)
    expect(percentile(hundred, 99.9)).toBe(100)
    expect(percentile(hundred, 0)).toBe(1)
    expect(percentile([7], 50)).toBe(7)
    expect(percentile([], 50)).toBeNaN()
  })
})

describe('latencyOf', () => {
  it('sorts by number and keeps fractions of a millisecond', () => {
    expect(latencyOf([10, 9, 0.25])).toMatchObject({ p50: 9, p99: 10, max: 10, p1: 0.25 })
  })
})

describe('growthAfterFirstFifth', () => {
  it('ignores how memory grows while the service warms up', () => {
    const samples = Array.from({ length: 100 }, (_, index) => index < 20 ? index : 100)
    expect(growthAfterFirstFifth(samples)).toBe(0)
  })

  it('shows a leak', () => {
    expect(growthAfterFirstFifth(Array.from({ length: 100 }, (_, index) => 100 + index))).toBeCloseTo((180 / 120 - 1) * 100)
  })

  it('takes no heap that fills and is collected for one', () => {
    expect(growthAfterFirstFifth(Array.from({ length: 100 }, (_, index) => 100 + index % 7))).toBe(0)
  })
})
