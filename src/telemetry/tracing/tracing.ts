import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import { defaultTextMapGetter, ROOT_CONTEXT, type Tracer } from '@opentelemetry/api'
import { parseKeyPairsIntoRecord, W3CTraceContextPropagator, ExportResultCode, setGlobalErrorHandler, type ExportResult } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider, type Sampler, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import type { Config } from '../../config.ts'
import type { PredictionTrace } from '../../prediction/answer.ts'
import { VERSION, type Logger } from '../../logger.ts'
import { RequestTrace, type RequestFacts } from './request-trace.ts'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'

export interface ExporterOptions {
  /** URL of the collector's OTLP over HTTP endpoint for traces. */
  url: string
  headers: Record<string, string>
  logger: Logger
  onExported: (outcome: 'sent' | 'lost', spans: number) => void
}

/** Sends spans to the collector. Logs one line when the collector becomes unreachable, and one when it is reachable again. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: OTLPTraceExporter
  readonly #options: ExporterOptions
  #lost = false

  constructor (options: ExporterOptions) {
    this.#options = options
    this.#exporter = new OTLPTraceExporter({ url: options.url, headers: options.headers })
    // The SDK would log every lost batch; `#watch` logs the first one.
    setGlobalErrorHandler(() => {})
  }

  export (spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#watch(result, spans.length)
      done(result)
    })
  }

  forceFlush (): Promise<void> {
    return this.#exporter.forceFlush()
  }

  shutdown (): Promise<void> {
    return this.#exporter.shutdown()
  }

  #watch ({ code, error }: ExportResult, spans: number): void {
    const { logger, onExported } = this.#options
    const lost = code !== ExportResultCode.SUCCESS
    onExported(lost ? 'lost' : 'sent', spans)
    if (lost === this.#lost) return
    this.#lost = lost
    if (lost) logger.warn({ reason: error?.message || 'unknown' }, 'Trace collector unreachable: spans are dropped until it is reachable again')
    else logger.info('Trace collector reachable again')
  }
}

const NAME = 'sentiment-service'

/** Maximum length in characters: enough for any identifier, but not for an arbitrarily long path. */
const MAX_ATTRIBUTE_LENGTH = 256

/** Maximum time in milliseconds before a span is sent. */
const BATCH_MS = 1_000

/** OpenTelemetry traces, with the official SDK. Loaded only if a collector is configured. */
export class Tracing {
  /** The trace of the current request. */
  readonly current = new AsyncLocalStorage<RequestTrace>()
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #propagator = new W3CTraceContextPropagator()

  constructor (config: Config, options: Pick<ExporterOptions, 'logger' | 'onExported'>) {
    const headers = parseKeyPairsIntoRecord(config.OTEL_EXPORTER_OTLP_HEADERS)
    this.#provider = new TracerProvider({
      resource: createResource(config),
      sampler: createSampler(config),
      spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
      spanProcessors: [new BatchSpanProcessor({ scheduledDelayMillis: BATCH_MS, exporter: new WatchedExporter({ url: tracesUrl(config), headers, ...options }) })]
    })
    this.#tracer = this.#provider.getTracer(NAME, VERSION)
  }

  /** Starts a request's trace, as a child of the caller's `traceparent` if it sent one. */
  begin (facts: RequestFacts, headers: IncomingHttpHeaders): RequestTrace {
    return new RequestTrace(this.#tracer, this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), facts)
  }

  /** Adds the stages of a prediction to the trace of its request. */
  readonly onTrace = (trace: PredictionTrace): void => this.current.getStore()?.record(trace)

  /** Sends the remaining spans, for at most `timeoutMs`: a collector that does not answer must not delay the shutdown. */
  async shutdown (timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, timeoutMs) })
    // The exporter has logged the failure.
    await Promise.race([this.#provider.shutdown().catch(() => {}), late])
    clearTimeout(timer)
  }
}

/** The collector's URL for traces. Source: OpenTelemetry's specification of the OTLP exporter. */
function tracesUrl ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: base }: Config): string {
  return traces !== '' ? traces : `${base.replace(/\/$/, '')}/v1/traces`
}

/** OTEL_SERVICE_NAME takes precedence over a name in OTEL_RESOURCE_ATTRIBUTES, and that over the default. */
function createResource (config: Config): Resource {
  const given = parseKeyPairsIntoRecord(config.OTEL_RESOURCE_ATTRIBUTES)
  return defaultResource().merge(resourceFromAttributes({
    [ATTR_SERVICE_NAME]: NAME,
    [ATTR_SERVICE_VERSION]: VERSION,
    ...given,
    ...(config.OTEL_SERVICE_NAME !== '' && { [ATTR_SERVICE_NAME]: config.OTEL_SERVICE_NAME })
  }))
}

/** The sampler that OTEL_TRACES_SAMPLER names; OTEL_TRACES_SAMPLER_ARG is the ratio of those that use one. */
function createSampler ({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio }: Config): Sampler {
  const root = name.endsWith('always_on')
    ? new AlwaysOnSampler()
    : name.endsWith('always_off') ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio)
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}
