import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import protobuf from 'protobufjs'
import { vi } from 'vitest'

/** The part of OpenTelemetry's trace messages that tests read. Source: opentelemetry-proto, trace/v1/trace.proto. */
const MESSAGES = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`).root.lookupType('ExportTraceServiceRequest')

type Attributes = Record<string, string | number | boolean>

export interface CollectedSpan {
  traceId: string
  spanId: string
  /** Empty for a root. */
  parentId: string
  name: string
  kind: number
  /** Epoch nanoseconds. */
  start: bigint
  end: bigint
  attributes: Attributes
  status: number
  resource: Attributes
}

interface KeyValue { key: string, value: Record<string, string | number | boolean> }
interface WireSpan {
  traceId: string,
  spanId: string,
  parentSpanId?: string,
  name: string,
  kind: number,
  startTimeUnixNano: string,
  endTimeUnixNano: string
  attributes?: KeyValue[],
  status?: { code?: number }
}
interface WireRequest { resourceSpans: { resource: { attributes: KeyValue[] }, scopeSpans: { spans: WireSpan[] }[] }[] }

/** A collector that takes OTLP over HTTP in protobuf, and keeps what it is sent. */
export class TraceCollector {
  readonly spans: CollectedSpan[] = []
  readonly requests: { path: string, headers: Record<string, unknown> }[] = []
  /** What it answers. */
  status = 200
  /** False: it takes requests and answers none. */
  answers = true
  readonly #server: Server

  private constructor () {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        this.requests.push({ path: request.url ?? '', headers: request.headers })
        if (this.status === 200) this.spans.push(...decode(Buffer.concat(chunks)))
        if (this.answers) response.writeHead(this.status).end()
      })
    })
  }

  static async start (): Promise<TraceCollector> {
    const collector = new TraceCollector()
    collector.#server.listen(0, '127.0.0.1')
    await once(collector.#server, 'listening')
    return collector
  }

  get url (): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The spans of the trace that has a server span with these attributes, once they came; the server span first. */
  async trace (attributes: Attributes): Promise<[server: CollectedSpan, ...children: CollectedSpan[]]> {
    return await vi.waitFor(() => {
      const server = this.spans.find((span) => span.kind === 2 && Object.entries(attributes).every(([key, value]) => span.attributes[key] === value))
      if (server === undefined) throw new Error(`No span with ${JSON.stringify(attributes)} among ${this.spans.length}`)
      return [server, ...this.spans.filter((span) => span.traceId === server.traceId && span !== server)]
    }, { timeout: 20_000, interval: 50 })
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => { this.#server.close(resolve) })
  }
}

function decode (body: Buffer): CollectedSpan[] {
  const { resourceSpans } = MESSAGES.toObject(MESSAGES.decode(body), { longs: String, bytes: String }) as WireRequest
  return resourceSpans.flatMap(({ resource, scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map((span) => ({
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId ?? ''),
    name: span.name,
    kind: span.kind,
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    attributes: toAttributes(span.attributes),
    status: span.status?.code ?? 0,
    resource: toAttributes(resource.attributes)
  }))))
}

/** protobufjs gives bytes as base64 and 64-bit numbers as text. */
const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

function toAttributes (pairs: KeyValue[] = []): Attributes {
  return Object.fromEntries(pairs.map(({ key, value }) => {
    const [kind, content = ''] = Object.entries(value)[0] ?? []
    return [key, kind === 'intValue' ? Number(content) : content]
  }))
}
