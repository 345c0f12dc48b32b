import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createModelManager } from '../../src/create-model-manager.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { BUILT_WORKER, predict, startApp, untilReady } from '../support/app.ts'
import { scrape } from '../support/scrape.ts'
import { TraceCollector, type CollectedSpan } from '../support/trace-collector.ts'

const SERVER = 2
const ERROR = 2

async function startCollector (): Promise<TraceCollector> {
  const collector = await TraceCollector.start()
  onTestFinished(() => collector.close())
  return collector
}

const named = (spans: CollectedSpan[], name: string): CollectedSpan => spans.find((span) => span.name === name) as CollectedSpan
const env = (collector: TraceCollector, more: Record<string, string> = {}) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...more })

describe('traces', () => {
  it('follow a request into the worker thread and back, and never contain its text', { timeout: 40_000 }, async () => {
    const collector = await startCollector()
    const app = await startApp({ env: env(collector, { OTEL_SERVICE_NAME: 'moods', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other', OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue' }) })
    const response = await app.inject({ method: 'POST', url: '/predict?note=private', payload: { text: 'a private text' } })
    const [server, ...children] = await collector.trace({ 'sentiment.request_id': response.headers['x-request-id'] as string })
    expect(server).toMatchObject({
      name: 'POST /predict',
      kind: SERVER,
      parentId: '',
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/predict',
        'http.response.status_code': 200,
        'url.path': '/predict',
        'url.scheme': 'http',
        'sentiment.texts': 1,
        'sentiment.texts_computed': 1
      },
      resource: { 'service.name': 'moods', 'deployment.environment.name': 'test' }
    })
    expect(children.map(({ name }) => name).sort()).toEqual(['cache', 'inference', 'queue', 'run', 'tokenize'])
    const inference = named(children, 'inference')
    for (const name of ['cache', 'queue', 'inference']) expect(named(children, name).parentId, name).toBe(server.spanId)
    for (const name of ['tokenize', 'run']) expect(named(children, name).parentId, name).toBe(inference.spanId)
    for (const { name, start, end } of children) expect(end >= start && start >= server.start && end <= server.end, name).toBe(true)
    expect(named(children, 'tokenize').end).toBe(named(children, 'run').start)
    expect(inference.attributes).toMatchObject({ 'sentiment.truncated': false, 'sentiment.shared': false })
    expect(named(children, 'run').attributes).toEqual({ 'sentiment.run_texts': 1 })
    expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf', 'x-team': 'blue' } })
    expect(JSON.stringify(collector.spans, (_key, value: unknown) => typeof value === 'bigint' ? String(value) : value)).not.toContain('private')
    await vi.waitFor(async () => { expect((await scrape(app)).get('sentiment_trace_spans_total{outcome="sent"}')).toBe(6) })
  })

  it('continue the caller\'s trace, and follow its sampling decision', { timeout: 40_000 }, async () => {
    const collector = await startCollector()
    const app = await startApp({ env: env(collector) })
    const traceId = randomUUID().replaceAll('-', '')
    const send = (flags: string) => app.inject({
      method: 'POST', url: '/predict', payload: { text: ' ' }, headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`, 'x-request-id': `flags-${flags}` }
    })
    await send('00')
    await send('01')
    await app.inject('/health')
    await predict(app, { texts: Array.from({ length: 40 }, (_, index) => `batch ${index}`) })
    const [server] = await collector.trace({ 'sentiment.request_id': 'flags-01' })
    expect(server).toMatchObject({ traceId, parentId: '00f067aa0ba902b7', status: 0, attributes: { 'http.response.status_code': 422, 'error.type': 'EMPTY_TEXT' } })
    const [, ...children] = await collector.trace({ 'sentiment.texts': 40 })
    expect(children.filter(({ name }) => name === 'inference')).toHaveLength(32)
    const servers = collector.spans.filter(({ kind }) => kind === SERVER)
    expect(servers.map(({ attributes }) => attributes['http.route'])).toEqual(['/predict', '/predict'])
  })

  it('mark failures of the service', { timeout: 40_000 }, async () => {
    const collector = await startCollector()
    const app = await startApp({ env: env(collector), ready: false })
    await predict(app, { text: 'too early' })
    const [server] = await collector.trace({ 'error.type': 'NOT_READY' })
    expect(server.status).toBe(ERROR)
    await untilReady(app)
  })

  it('add their ids to the request\'s log lines', async () => {
    const collector = await startCollector()
    const lines: string[] = []
    const stream = new Writable({ write: (chunk, _encoding, done) => { lines.push(String(chunk)); done() } })
    const config = await loadConfig({ MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, ...env(collector) })
    const logger = pino({ level: 'debug' }, stream)
    const app = await buildApp({ config, modelManager: createModelManager(config, { workerUrl: BUILT_WORKER, logger }), logger })
    onTestFinished(() => app.close())
    const traceId = randomUUID().replaceAll('-', '')
    await app.inject({ method: 'GET', url: '/info', headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } })
    const line = lines.map((text) => JSON.parse(text) as Record<string, unknown>).find(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ route: '/info', trace_id: traceId, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) })
  })

  it('are sent at shutdown, and are not created if they are disabled', async () => {
    const collector = await startCollector()
    const disabled = await startApp({ env: env(collector, { OTEL_SDK_DISABLED: 'true' }) })
    await predict(disabled, { text: 'not traced' })
    await disabled.close()
    expect(collector.requests).toHaveLength(0)
    const sampled = await startApp({ env: env(collector, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }) })
    await predict(sampled, { text: 'not sampled' })
    await sampled.close()
    expect(collector.spans).toHaveLength(0)
    const app = await startApp({ env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/custom` } })
    await predict(app, { text: 'the last one' })
    await app.close()
    expect(collector.requests.map(({ path }) => path)).toEqual(['/custom'])
    expect(collector.spans.filter(({ kind }) => kind === SERVER)).toHaveLength(1)
  })
})
