import { describe, expect, it } from 'vitest'
import { drawSteps, formatSteps, type Step } from '../../../bench/capacity/chart.ts'
import { chooseStepSeconds, measureCapacity } from '../../../bench/capacity/measure.ts'
import { findCapacity } from '../../../bench/capacity/search.ts'
import { summarizeLatency } from '../../../bench/lib/statistics.ts'
import type { LoadJob, LoadResult } from '../../../bench/load/load.ts'

describe('findCapacity', () => {
  const search = async (limit: number, start = 10) => {
    const rates: number[] = []
    const capacity = await findCapacity((rate) => {
      rates.push(rate)
      return Promise.resolve(rate <= limit)
    }, start)
    return { capacity, rates }
  }

  it.each([0.7, 3, 10, 99, 100, 101, 1234])('finds a limit of %s/s within 5 %, from below', async (limit) => {
    const { capacity = NaN } = await search(limit)
    expect(capacity).toBeLessThanOrEqual(limit)
    expect(capacity).toBeGreaterThan(limit / 1.05)
  })

  it('returns undefined if no rate is sustained', async () => {
    expect((await search(0)).capacity).toBeUndefined()
  })

  it('repeats a failed attempt once, so that a single disturbance does not count', async () => {
    const failed = new Set<number>()
    const capacity = await findCapacity((rate) => {
      const disturbed = !failed.has(rate)
      failed.add(rate)
      return Promise.resolve(rate <= 100 && !disturbed)
    }, 10)
    expect(capacity).toBeGreaterThan(95)
  })
})

/** Simulates an open loop in virtual time: a service that answers one request after the other, `capacity` per second. */
function simulate (capacity: number) {
  return {
    run: ({ rate = 0, seconds = 0, boundMs = 0 }: LoadJob): Promise<LoadResult> => {
      let freeAt = 0
      const latencies = Array.from({ length: Math.round(rate * seconds) }, (_, index) => {
        const plannedAt = index / rate * 1000
        freeAt = Math.max(freeAt, plannedAt) + 1000 / capacity
        return freeAt - plannedAt
      })
      const openLoop = { planned: latencies.length, inTime: latencies.filter((ms) => ms <= boundMs).length, maxSendDelayMs: 0 }
      const answered = latencies.length
      return Promise.resolve({
        seconds, answered, perSecond: rate, openLoop, statuses: { 200: answered }, errors: 0, timeouts: 0, cpuMs: 0, checked: 0, wrong: 0, latency: summarizeLatency(latencies), refusedLatency: {}
      })
    }
  }
}

describe('measureCapacity', () => {
  it.each([[100, 500], [100, 50], [7, 1000], [2345, 20]])('finds a simulated capacity of %d/s with a bound of %d ms within 10 %', async (rate, boundMs) => {
    const { capacity = NaN } = await measureCapacity({
      generator: simulate(rate), url: '', boundMs, seconds: chooseStepSeconds(boundMs), connections: 1, createRequests: () => []
    })
    expect(capacity / rate).toBeGreaterThan(0.9)
    expect(capacity / rate).toBeLessThan(1.1)
  })
})

describe('charts of a capacity measurement', () => {
  const step = (rate: number, p99: number, sustained: boolean): Step =>
    ({ rate, perSecond: rate, p50: 5, p99, inTime: sustained ? 1 : 0.5, sustained, sendDelayMs: 0, outcomes: '5 × 200, 5 × 503' })

  it('list the steps by rate, with the outcome of those that exceeded the bound', () => {
    const lines = formatSteps([step(20, 900, false), step(10, 30, true)], 500)
    expect(lines[1]).toMatch(/^ +10 +10 +5 +30 +100\.0 % {2}█+$/)
    expect(lines[2]).toMatch(/ 900 +50\.0 % {2}█+ exceeded \(5 × 200, 5 × 503\)$/)
  })

  it('draw the bound and the capacity', () => {
    const svg = drawSteps([step(10, 30, true), step(20, 900, false), step(40, NaN, false)], 500, 10)
    expect(svg).toContain('bound: 500 ms')
    expect(svg).toContain('>10/s</text>')
    expect(svg.match(/<circle/g)).toHaveLength(2)
  })
})
