import { Gauge, type Registry } from 'prom-client'
import { PROBLEM_TITLES } from '../../errors.ts'
import { CounterFamily, HistogramFamily, REQUEST_BUCKETS, setTo, type CounterSeries, type HistogramSeries } from './series.ts'

/** Label of requests that matched no route: a URL never becomes a label. */
const NO_ROUTE = '(none)'
/** Statuses answered outside routes: invalid URLs and HTTP, unknown paths, wrong methods and keys, rate limits, slow or large headers. */
const NO_ROUTE_STATUSES = [400, 401, 404, 405, 408, 429, 431]

/** The series of one route. Those of `statuses` exist from the start, others from their first request. */
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

  /** @param seconds undefined for a stream, which lasts as long as its client sends */
  answered (status: number, seconds: number | undefined): void {
    this.#counter(status).add()
    if (seconds !== undefined) this.#duration(status).observe(seconds)
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

/** Requests by route and status, their duration, and errors by code. */
export class HttpMetrics {
  /** Number of requests in progress. */
  inFlight = 0
  /** Requests with a wrong API key. */
  readonly wrongKeys: CounterSeries
  /** Requests that matched no route, and invalid HTTP. */
  readonly #unmatched: RouteSeries
  readonly #requests: CounterFamily
  readonly #durations: HistogramFamily
  readonly #errors = new Map<string, CounterSeries>()
  readonly #routes = new Map<string, RouteSeries>()

  constructor (registry: Registry) {
    this.#requests = new CounterFamily(registry, {
      name: 'sentiment_http_requests_total',
      help: 'Answered requests; status 499: the client disconnected before the answer',
      labels: ['method', 'route', 'status']
    })
    this.#durations = new HistogramFamily(registry, {
      name: 'sentiment_http_request_duration_seconds',
      help: 'Time from the request headers to the end of the answer',
      buckets: REQUEST_BUCKETS
    })
    const errors = new CounterFamily(registry, {
      name: 'sentiment_errors_total',
      help: 'Requests answered with an error, by its code',
      labels: ['code']
    })
    for (const code of Object.keys(PROBLEM_TITLES)) this.#errors.set(code, errors.series({ code: code.toLowerCase() }))
    this.#unmatched = this.#series('(any)', NO_ROUTE, NO_ROUTE_STATUSES)
    this.wrongKeys = new CounterFamily(registry, { name: 'sentiment_wrong_api_keys_total', help: 'Requests with a wrong API key' }).series()
    void new Gauge({
      name: 'sentiment_http_requests_in_flight',
      help: 'Requests being answered',
      registers: [registry],
      collect: setTo(() => this.inFlight)
    })
  }

  /** The series of a route with the statuses that it is known to answer; HEAD counts as GET. */
  route (method: string, url: string, statuses: readonly number[]): RouteSeries {
    const name = method === 'HEAD' ? 'GET' : method
    const key = `${name} ${url}`
    let series = this.#routes.get(key)
    if (series === undefined) this.#routes.set(key, series = this.#series(name, url, statuses))
    return series
  }

  /** Counts an answer of `route`; `code` is the error's if the answer is one. */
  answered (route: RouteSeries | undefined, status: number, seconds: number | undefined, code: string | undefined): void {
    (route ?? this.#unmatched).answered(status, seconds)
    if (code !== undefined) this.#errors.get(code)?.add()
  }

  #series (method: string, route: string, statuses: readonly number[]): RouteSeries {
    return new RouteSeries(statuses,
      (status) => this.#requests.series({ method, route, status: String(status) }),
      (statusClass) => this.#durations.series({ method, route, status_class: `${statusClass}xx` }))
  }
}
