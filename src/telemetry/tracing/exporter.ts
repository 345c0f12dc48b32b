import { ExportResultCode, setGlobalErrorHandler, type ExportResult } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../logger.ts'

export interface ExporterOptions {
  /** Where OTLP over HTTP takes traces. */
  url: string
  headers: Record<string, string>
  logger: Logger
  onExported: (outcome: 'sent' | 'lost', spans: number) => void
}

/** Sends spans to the collector. Of a collector that is away the log has one line, and one when it is back. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: OTLPTraceExporter
  readonly #options: ExporterOptions
  #lost = false

  constructor (options: ExporterOptions) {
    this.#options = options
    this.#exporter = new OTLPTraceExporter({ url: options.url, headers: options.headers })
    // The SDK would tell of every batch that is lost; `#watch` does that once.
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
    if (lost) logger.warn({ reason: error?.message || 'unknown' }, 'The trace collector does not take spans: they are lost until it does')
    else logger.info('The trace collector takes spans')
  }
}
