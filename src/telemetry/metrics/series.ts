import { Counter, type Gauge, type Registry } from 'prom-client'

/*
 * Series are plain numbers, which are passed to prom-client at each scrape. prom-client's own series hash a label set at every
 * call, which costs more than the rest of a cache hit's bookkeeping (npm run bench:metrics-cost).
 */

/** Upper bounds in seconds for whole requests: from a cache hit to the default deadline. */
export const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** Upper bounds in seconds for the stages of a request: tokenizing a tweet takes about 50 µs. */
export const STAGE_BUCKETS = [0.000_1, 0.000_25, 0.000_5, ...REQUEST_BUCKETS] as const

type Labels = Record<string, string>

export interface FamilyOptions {
  name: string
  help: string
}

/** A gauge's `collect` that sets it to the current value of `read` at each scrape. */
export function setTo (read: () => number): (this: Gauge) => void {
  return function () {
    this.set(read())
  }
}

/** A monotonic count. */
export class CounterSeries {
  value = 0

  add (count = 1): void {
    this.value += count
  }
}

/** Counters of one name that differ in their labels. */
export class CounterFamily {
  readonly #series: { labels: Labels, counter: CounterSeries }[] = []

  constructor (registry: Registry, { name, help, labels = [] }: FamilyOptions & { labels?: string[] }) {
    const all = this.#series
    // Registers itself.
    void new Counter({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect () {
        this.reset()
        for (const { labels, counter } of all) this.inc(labels, counter.value)
      }
    })
  }

  /** A new series, at zero; the caller keeps it. */
  series (labels: Labels = {}): CounterSeries {
    const counter = new CounterSeries()
    this.#series.push({ labels, counter })
    return counter
  }
}

/** Number of values per bucket. Bounds are inclusive upper bounds in ascending order. */
export class HistogramSeries {
  readonly bounds: readonly number[]
  /** Number of values in each bucket, not cumulative; the last bucket is for values beyond every bound. */
  readonly counts: Float64Array
  sum = 0

  constructor (bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe (value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > (this.bounds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += value
  }
}

/** Histograms of one name and the same buckets that differ in their labels. */
export class HistogramFamily {
  readonly #series: { labels: Labels, histogram: HistogramSeries }[] = []
  readonly #options: FamilyOptions & { buckets: readonly number[] }

  constructor (registry: Registry, options: FamilyOptions & { buckets: readonly number[] }) {
    this.#options = options
    const { name, help } = options
    // prom-client's own Histogram does not accept counts; a registry accepts any object with a name and a `get`.
    const metric = { name, help, type: 'histogram', get: () => Promise.resolve({ name, help, type: 'histogram', values: this.#values() }) }
    registry.registerMetric(metric as unknown as Counter)
  }

  /** A new series, empty. */
  series (labels: Labels = {}): HistogramSeries {
    const histogram = new HistogramSeries(this.#options.buckets)
    this.#series.push({ labels, histogram })
    return histogram
  }

  #values (): { metricName: string, labels: Labels, value: number }[] {
    const { name } = this.#options
    return this.#series.flatMap(({ labels, histogram: { bounds, counts, sum } }) => {
      let total = 0
      const buckets = Array.from(counts, (count, index) => {
        total += count
        return { metricName: `${name}_bucket`, labels: { le: String(bounds[index] ?? '+Inf'), ...labels }, value: total }
      })
      return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }]
    })
  }
}
