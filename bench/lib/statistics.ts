/** Milliseconds at each percentile of PERCENTILES, by its name: `p50`, `p99`, … `max`. */
export type Latency = Record<string, number>

export const PERCENTILES = [1, 10, 25, 50, 75, 90, 95, 99, 99.9] as const

/** The middle value; between the two middle ones for an even count; NaN for none. */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** The smallest value that at least `percent` % of the ascending values do not exceed (nearest rank); NaN for none. */
export function percentile (sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)] ?? NaN
}

/** Percentiles, mean and maximum of latencies, in the unit that they come in. */
export function latencyOf (values: readonly number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    ...Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, percentile(sorted, percent)])),
    max: sorted.at(-1) ?? NaN,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  }
}

/**
 * How much the floor of later samples is above that of earlier ones, in per cent: the least of the last fifth against the least
 * of the fifth that follows the first, in which caches fill and code is compiled. The floor, because a heap fills up to its
 * next collection: that is no growth.
 */
export function growthAfterFirstFifth (samples: readonly number[]): number {
  const floor = (fifth: number): number => Math.min(...samples.slice(Math.floor(samples.length * fifth / 5), Math.ceil(samples.length * (fifth + 1) / 5)))
  return (floor(4) / floor(1) - 1) * 100
}
