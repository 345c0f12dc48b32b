import { ExportResultCode, setGlobalErrorHandler, type ExportResult } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../logger.ts'

export interface ExporterOptions {
  /** URL of the collector's OTLP over HTTP endpoint for traces. */
  url: string
  headers: Record<string, string>
  logger: Logger
  onExported: (outcome: 'sent' | 'lost', spans: number) => void
}

/** Sends spans to the collector. Logs one line when the collector becomes unreachable, and one when it is back. */
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
    if (lost) logger.warn({ reason: error?.message || 'unknown' }, 'Trace collector unreachable: spans are dropped until it is back')
    else logger.info('Trace collector reachable again')
  }
}
