import { Registry } from 'prom-client'
import { HttpMetrics } from './http-metrics.ts'
import { OutputMetrics } from './output-metrics.ts'
import { PredictionMetrics } from './prediction-metrics.ts'
import { processRegistry } from './process-metrics.ts'
import { registerStateMetrics, type ServiceState } from './state-metrics.ts'

/** All series of `/metrics`. */
export class Metrics {
  readonly http: HttpMetrics
  readonly prediction: PredictionMetrics
  readonly output: OutputMetrics
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #registry = new Registry()

  /** @param state reads the service's state; called at each scrape */
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
