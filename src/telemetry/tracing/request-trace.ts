import { SpanKind, SpanStatusCode, trace, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE, ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_HTTP_ROUTE, ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_PATH, ATTR_URL_SCHEME, ATTR_USER_AGENT_ORIGINAL
} from '@opentelemetry/semantic-conventions'
import type { ComputedText } from '../../inference/queued-text.ts'
import type { PredictionTrace } from '../../prediction/answer.ts'

export interface RequestFacts {
  id: string
  method: string
  /** The route's pattern; undefined if none matched. */
  route: string | undefined
  /** Without the query, which may contain anything. */
  path: string
  scheme: string
  httpVersion: string
  userAgent: string | undefined
}

/** Maximum number of texts of a request that get spans; the others count only in the server span's attributes. */
const MAX_TRACED_TEXTS = 32

/** Converts a time of this thread's `performance.now()` to epoch milliseconds. */
const toEpoch = (moment: number): number => performance.timeOrigin + moment

/** One request's server span and its children, created from measured times. No attribute contains a text. */
export class RequestTrace {
  readonly traceId: string
  readonly spanId: string
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  #texts = 0
  #computed = 0

  constructor (tracer: Tracer, parent: Context, { id, method, route, path, scheme, httpVersion, userAgent }: RequestFacts) {
    this.#tracer = tracer
    this.#span = tracer.startSpan(route === undefined ? method : `${method} ${route}`, {
      kind: SpanKind.SERVER,
      startTime: toEpoch(performance.now()),
      attributes: {
        [ATTR_HTTP_REQUEST_METHOD]: method,
        [ATTR_URL_PATH]: path,
        [ATTR_URL_SCHEME]: scheme,
        [ATTR_NETWORK_PROTOCOL_VERSION]: httpVersion,
        'sentiment.request_id': id,
        ...(route !== undefined && { [ATTR_HTTP_ROUTE]: route }),
        ...(userAgent !== undefined && { [ATTR_USER_AGENT_ORIGINAL]: userAgent })
      }
    }, parent)
    this.#context = trace.setSpan(parent, this.#span)
    const { traceId, spanId } = this.#span.spanContext()
    this.traceId = traceId
    this.spanId = spanId
  }

  /** Adds spans for the stages of a prediction; a stream has many predictions. */
  record ({ texts, startedAt, cacheMs, queuedAt, computed, error }: PredictionTrace): void {
    this.#texts += texts
    if (!this.#span.isRecording() || this.#computed >= MAX_TRACED_TEXTS) {
      this.#computed += computed.length
      return
    }
    this.#child('cache', toEpoch(startedAt), toEpoch(startedAt + cacheMs), { 'sentiment.texts': texts })
    for (const text of computed.slice(0, MAX_TRACED_TEXTS - this.#computed)) this.#recordText(text, startedAt)
    this.#computed += computed.length
    // Texts that were queued or running when the request failed have no result.
    if (error !== undefined && queuedAt !== undefined) {
      this.#child('queue', toEpoch(queuedAt), toEpoch(performance.now())).setStatus({ code: SpanStatusCode.ERROR })
    }
  }

  /** Ends the server span. `code` is the error's, if the answer is one. */
  end (status: number, code: string | undefined): void {
    const span = this.#span
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
    if (this.#texts > 0) span.setAttributes({ 'sentiment.texts': this.#texts, 'sentiment.texts_computed': this.#computed })
    if (code !== undefined) span.setAttribute(ATTR_ERROR_TYPE, code)
    // Client errors are not errors of the server span. Source: OpenTelemetry's semantic conventions for HTTP spans.
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(toEpoch(performance.now()))
  }

  #recordText ({ queuedAt, queueMs, finishedAt, workerStartedAt, tokenizeMs, inferenceMs, runTexts, tokens, truncated }: ComputedText, startedAt: number): void {
    // Another request had queued the same text earlier.
    const shared = queuedAt < startedAt
    this.#child('queue', toEpoch(queuedAt), toEpoch(queuedAt + queueMs), { 'sentiment.shared': shared })
    const attributes = { 'sentiment.shared': shared, 'sentiment.tokens': tokens, 'sentiment.truncated': truncated }
    const inference = this.#child('inference', toEpoch(queuedAt + queueMs), toEpoch(finishedAt), attributes)
    const within = trace.setSpan(this.#context, inference)
    const tokenized = workerStartedAt + tokenizeMs
    this.#child('tokenize', workerStartedAt, tokenized, {}, within)
    this.#child('run', tokenized, tokenized + inferenceMs * runTexts, { 'sentiment.run_texts': runTexts }, within)
  }

  #child (name: string, from: number, to: number, attributes: Attributes = {}, parent = this.#context): Span {
    const span = this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, startTime: from, attributes }, parent)
    span.end(to)
    return span
  }
}
