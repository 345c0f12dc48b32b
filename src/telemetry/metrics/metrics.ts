import { Registry, collectDefaultMetrics, Gauge, type Histogram } from 'prom-client'
import { HttpMetrics } from './http-metrics.ts'
import { OutputMetrics, PredictionMetrics } from './prediction-metrics.ts'
import { registerStateMetrics, type ServiceState } from './state-metrics.ts'
import { VERSION } from '../../logger.ts'

/** Gauges of prom-client with the suffix of a counter, which Prometheus' naming conventions forbid. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total']

/** Kinds of garbage collection, as prom-client names them. */
const GC_KINDS = ['major', 'minor', 'incremental', 'weakcb']

let registry: Registry | undefined

/** Series of the process, its event loop and its build. Tests run several services in one process, which share them. */
export function processRegistry (): Registry {
  if (registry !== undefined) return registry
  registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const gc = registry.getSingleMetric('nodejs_gc_duration_seconds') as Histogram<'kind'>
  for (const kind of GC_KINDS) gc.zero({ kind })
  new Gauge({
    name: 'sentiment_build_info',
    help: 'Version of the service; the value is always 1',
    labelNames: ['version'],
    registers: [registry]
  }).set({ version: VERSION }, 1)
  return registry
}

/** All series of `/metrics`. */
export class Metrics {
  readonly http: HttpMetrics
  readonly prediction: PredictionMetrics
  readonly output: OutputMetrics
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #registry = new Registry()

  /** @param state reads the service's state; called for each scrape */
  constructor (state: () => ServiceState) {
    this.http = new HttpMetrics(this.#registry)
    this.prediction = new PredictionMetrics(this.#registry)
    this.output = new OutputMetrics(this.#registry)
    registerStateMetrics(this.#registry, state)
  }

  /** The series in Prometheus' text format. */
  async render (): Promise<string> {
    return await Registry.merge([this.#registry, processRegistry()]).metrics()
  }
}
