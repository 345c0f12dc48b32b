import { Gauge, type Registry } from 'prom-client'
import { PROBLEM_TITLES } from '../../errors.ts'
import { REQUEST_BUCKETS } from './buckets.ts'
import { setTo } from './gauge.ts'
import { CounterFamily, HistogramFamily, type CounterSeries, type HistogramSeries } from './series.ts'

/** The label of whatever matched no route: a URL never becomes a label. */
const NO_ROUTE = '(none)'
/** What is answered outside of routes: bad URLs and HTTP, unknown paths, wrong methods and keys, rates, slow or large headers. */
const NO_ROUTE_STATUSES = [400, 401, 404, 405, 408, 429, 431]

/** The series of one route: a status seen for the first time gets its own, others are there from the start. */
export class RouteSeries {
  readonly #make: (status: number) => CounterSeries
  readonly #makeDuration: (statusClass: number) => HistogramSeries
  readonly #requests = new Map<number, CounterSeries>()
  readonly #durations = new Map<number, HistogramSeries>()

  constructor (statuses: readonly number[], make: (status: number) => CounterSeries, makeDuration: (statusClass: number) => HistogramSeries) {
    this.#make = make
    this.#makeDuration = makeDuration
    for (const status of statuses) {
      this.#counter(status)
      this.#duration(status)
    }
  }

  answered (status: number, seconds: number): void {
    this.#counter(status).add()
    this.#duration(status).observe(seconds)
  }

  #counter (status: number): CounterSeries {
    let counter = this.#requests.get(status)
    if (counter === undefined) this.#requests.set(status, counter = this.#make(status))
    return counter
  }

  #duration (status: number): HistogramSeries {
    const statusClass = Math.floor(status / 100)
    let histogram = this.#durations.get(statusClass)
    if (histogram === undefined) this.#durations.set(statusClass, histogram = this.#makeDuration(statusClass))
    return histogram
  }
}

/** Requests by route and status, how long they took, and why they were refused. */
export class HttpMetrics {
  /** Requests that are being answered. */
  inFlight = 0
  /** Whatever matched no route, or never became a request. */
  readonly #unmatched: RouteSeries
  readonly #requests: CounterFamily
  readonly #durations: HistogramFamily
  readonly #refused = new Map<string, CounterSeries>()
  readonly #routes = new Map<string, RouteSeries>()

  constructor (registry: Registry) {
    this.#requests = new CounterFamily(registry, {
      name: 'sentiment_http_requests_total',
      help: 'Answered requests; 499 is a client that did not wait',
      labels: ['method', 'route', 'status']
    })
    this.#durations = new HistogramFamily(registry, {
      name: 'sentiment_http_request_duration_seconds',
      help: 'Time from a request\'s headers to the end of its answer',
      buckets: REQUEST_BUCKETS
    })
    const refused = new CounterFamily(registry, {
      name: 'sentiment_requests_refused_total',
      help: 'Requests answered with a problem, by its code',
      labels: ['reason']
    })
    for (const code of Object.keys(PROBLEM_TITLES)) this.#refused.set(code, refused.series({ reason: code.toLowerCase() }))
    this.#unmatched = this.#series('(any)', NO_ROUTE, NO_ROUTE_STATUSES)
    void new Gauge({
      name: 'sentiment_http_requests_in_flight',
      help: 'Requests that are being answered',
      registers: [registry],
      collect: setTo(() => this.inFlight)
    })
  }

  /** The series of a route and what it is known to answer; HEAD counts as the GET that it is. */
  route (method: string, url: string, statuses: readonly number[]): RouteSeries {
    const name = method === 'HEAD' ? 'GET' : method
    const key = `${name} ${url}`
    let series = this.#routes.get(key)
    if (series === undefined) this.#routes.set(key, series = this.#series(name, url, statuses))
    return series
  }

  /** A request to `route` was answered, with the problem `code` of the catalogue if it was refused. */
  answered (route: RouteSeries | undefined, status: number, seconds: number, code: string | undefined): void {
    (route ?? this.#unmatched).answered(status, seconds)
    if (code !== undefined) this.#refused.get(code)?.add()
  }

  #series (method: string, route: string, statuses: readonly number[]): RouteSeries {
    return new RouteSeries(statuses,
      (status) => this.#requests.series({ method, route, status: String(status) }),
      (statusClass) => this.#durations.series({ method, route, status_class: `${statusClass}xx` }))
  }
}
