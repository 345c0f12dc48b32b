import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import { defaultTextMapGetter, ROOT_CONTEXT, type Tracer } from '@opentelemetry/api'
import { parseKeyPairsIntoRecord, W3CTraceContextPropagator } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import type { Config } from '../../config.ts'
import type { PredictionTrace } from '../../prediction/prediction-trace.ts'
import { VERSION } from '../../version.ts'
import { WatchedExporter, type ExporterOptions } from './exporter.ts'
import { RequestTrace, type RequestFacts } from './request-trace.ts'
import { samplerOf } from './sampler.ts'

const NAME = 'sentiment-service'

/** Long enough for a request's identifiers, short enough for whatever is sent as a path. */
const MAX_ATTRIBUTE_LENGTH = 256

/** Spans are sent after at most this long. */
const BATCH_MS = 1_000

/** OpenTelemetry traces, with the official SDK. Loaded only where a collector is configured. */
export class Tracing {
  /** The trace of the request that the running code belongs to. */
  readonly current = new AsyncLocalStorage<RequestTrace>()
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #propagator = new W3CTraceContextPropagator()

  constructor (config: Config, options: Pick<ExporterOptions, 'logger' | 'onExported'>) {
    const headers = parseKeyPairsIntoRecord(config.OTEL_EXPORTER_OTLP_HEADERS)
    this.#provider = new TracerProvider({
      resource: resourceOf(config),
      sampler: samplerOf(config),
      spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
      spanProcessors: [new BatchSpanProcessor({ scheduledDelayMillis: BATCH_MS, exporter: new WatchedExporter({ url: endpointOf(config), headers, ...options }) })]
    })
    this.#tracer = this.#provider.getTracer(NAME, VERSION)
  }

  /** Begins a request's trace, under the caller's `traceparent` where it sent one. */
  begin (facts: RequestFacts, headers: IncomingHttpHeaders): RequestTrace {
    return new RequestTrace(this.#tracer, this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), facts)
  }

  /** Puts what a prediction went through into the trace of its request. */
  readonly onTrail = (trail: PredictionTrace): void => this.current.getStore()?.record(trail)

  /** Sends what is left, for at most `timeoutMs`. A collector that does not answer holds up nobody for longer. */
  async shutdown (timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, timeoutMs) })
    // A failure was told of by the exporter.
    await Promise.race([this.#provider.shutdown().catch(() => {}), late])
    clearTimeout(timer)
  }
}

/** The collector's address for traces, made as OpenTelemetry's specification of the OTLP exporter says. */
function endpointOf ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: base }: Config): string {
  return traces !== '' ? traces : `${base.replace(/\/$/, '')}/v1/traces`
}

/** OTEL_SERVICE_NAME wins over a name in OTEL_RESOURCE_ATTRIBUTES, and that over our own. */
function resourceOf (config: Config): Resource {
  const given = parseKeyPairsIntoRecord(config.OTEL_RESOURCE_ATTRIBUTES)
  return defaultResource().merge(resourceFromAttributes({
    [ATTR_SERVICE_NAME]: NAME,
    [ATTR_SERVICE_VERSION]: VERSION,
    ...given,
    ...(config.OTEL_SERVICE_NAME !== '' && { [ATTR_SERVICE_NAME]: config.OTEL_SERVICE_NAME })
  }))
}
