/** Milliseconds by name: each percentile of PERCENTILES (`p50`, `p99`, …), `max` and `mean`. */
export type Latency = Record<string, number>

export const PERCENTILES = [1, 10, 25, 50, 75, 90, 95, 99, 99.9] as const

/** The middle value, or the mean of the two middle values; NaN without values. */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** The smallest value that at least `percent` % of the ascending values do not exceed (nearest rank); NaN without values. */
export function percentile (sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)] ?? NaN
}

/** Percentiles, mean and maximum of latencies, in the unit of the values. */
export function summarizeLatency (values: readonly number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    ...Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, percentile(sorted, percent)])),
    max: sorted.at(-1) ?? NaN,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  }
}

/**
 * Growth of the minimum from the second fifth of the samples to the last, in percent. The first fifth is left out because caches
 * fill and code is compiled; the minimum is compared because a heap fills up to its next collection, which is not growth.
 */
export function computeGrowthPercent (samples: readonly number[]): number {
  const findMinimum = (fifth: number): number =>
    Math.min(...samples.slice(Math.floor(samples.length * fifth / 5), Math.ceil(samples.length * (fifth + 1) / 5)))
  return (findMinimum(4) / findMinimum(1) - 1) * 100
}
