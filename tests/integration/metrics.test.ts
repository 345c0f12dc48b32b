import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { PROBLEM_TITLES } from '../../src/errors.ts'
import { predict, startApp, untilReady } from '../support/app.ts'
import { freePort } from '../support/free-port.ts'
import { promtool } from '../support/prometheus.ts'
import { TestRedis } from '../support/redis.ts'
import { measureChanges, parseSeries, scrape } from '../support/scrape.ts'

const FRAGILE_WORKER = new URL('../fixtures/workers/fragile.mjs', import.meta.url)

const untilSeries = (app: FastifyInstance, name: string, value: number) => vi.waitFor(async () => {
  expect((await scrape(app)).get(name), name).toBe(value)
}, { timeout: 20_000, interval: 20 })

describe('GET /metrics', () => {
  it('shows every series at zero from the first scrape', async () => {
    const app = await startApp({ ready: false })
    const before = await scrape(app)
    await untilReady(app)
    await predict(app, { text: 'hello' })
    await predict(app, { text: 'hello' })
    await predict(app, { text: '' })
    await app.inject('/nowhere')
    const after = await scrape(app)
    // Only series of the process itself appear and disappear.
    const lasting = [...after.keys()].filter((name) => !/^nodejs_active_/.test(name))
    expect(lasting.filter((name) => !before.has(name))).toEqual([])
    const counters = [...before].filter(([name]) => /^sentiment_.*(_total|_count|_sum|_bucket)/.test(name))
    expect(counters.length).toBeGreaterThan(100)
    expect(counters.filter(([, value]) => value !== 0)).toEqual([])
    for (const code of Object.keys(PROBLEM_TITLES)) expect(before.has(`sentiment_errors_total{code="${code.toLowerCase()}"}`), code).toBe(true)
  })

  it('passes Prometheus\' own check of names, units and types', async () => {
    const app = await startApp()
    await predict(app, { text: 'hello' })
    const response = await app.inject('/metrics')
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(promtool(['check', 'metrics'], response.body)).toEqual({ clean: true, output: '' })
  })

  it('counts answered texts, cache hits and computed texts', async () => {
    const app = await startApp()
    const text = `one tweet ${randomUUID()}`
    const first = await measureChanges(app, () => predict(app, { text }))
    expect(first).toMatchObject({
      sentiment_texts_total: 1,
      sentiment_cache_misses_total: 1,
      sentiment_texts_computed_total: 1,
      sentiment_cache_entries: 1,
      'sentiment_stage_duration_seconds_count{stage="cache"}': 1,
      'sentiment_stage_duration_seconds_count{stage="queue"}': 1,
      'sentiment_stage_duration_seconds_count{stage="tokenize"}': 1,
      'sentiment_stage_duration_seconds_count{stage="inference"}': 1,
      'sentiment_http_requests_total{method="POST",route="/predict",status="200"}': 1,
      'sentiment_http_request_duration_seconds_count{method="POST",route="/predict",status_class="2xx"}': 1
    })
    expect(first.sentiment_tokens_total).toBeGreaterThan(3)
    const second = await measureChanges(app, () => predict(app, { text }))
    expect(second).toMatchObject({ sentiment_texts_total: 1, 'sentiment_cache_hits_total{tier="memory"}': 1 })
    expect(Object.keys(second)).not.toContain('sentiment_texts_computed_total')
    const shared = await measureChanges(app, () => Promise.all(Array.from({ length: 10 }, () => predict(app, { text: 'a hot key' }))))
    expect(shared).toMatchObject({ sentiment_texts_total: 10, sentiment_coalesced_total: 9, sentiment_texts_computed_total: 1 })
    expect(await measureChanges(app, () => predict(app, { text: 'long '.repeat(1900) }))).toMatchObject({ sentiment_texts_truncated_total: 1 })
  })

  it('counts rejected requests by error code, and invalid HTTP', async () => {
    const app = await startApp({ env: { QUEUE_LIMIT: '8', MAX_BATCH_SIZE: '8', INFERENCE_WORKERS: '1' } })
    expect(await measureChanges(app, () => predict(app, { text: ' ' }))).toMatchObject({
      'sentiment_errors_total{code="empty_text"}': 1,
      'sentiment_http_requests_total{method="POST",route="/predict",status="422"}': 1
    })
    const burst = await measureChanges(app, () => Promise.all(Array.from({ length: 40 }, (_, index) => predict(app, { text: `text ${index} ${'long '.repeat(200)}` }))))
    expect(burst['sentiment_errors_total{code="overloaded"}']).toBeGreaterThan(0)
    expect(burst['sentiment_errors_total{code="overloaded"}']).toBe(burst['sentiment_http_requests_total{method="POST",route="/predict",status="503"}'])
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.addresses()[0] as { port: number }
    const send = (bytes: string) => new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      let answer = ''
      socket.on('data', (chunk) => { answer += String(chunk) }).on('close', () => resolve(answer))
    })
    const large = await measureChanges(app, () => send(`GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`))
    expect(large).toMatchObject({
      'sentiment_http_requests_total{method="(any)",route="(none)",status="431"}': 1,
      'sentiment_errors_total{code="headers_too_large"}': 1
    })
    const bad = await measureChanges(app, () => app.inject('/%zz'))
    expect(bad).toMatchObject({ 'sentiment_http_requests_total{method="(any)",route="(none)",status="400"}': 1 })
  })

  it('counts no rejected request as in flight', async () => {
    const app = await startApp()
    await app.inject('/nowhere')
    await app.inject({ method: 'DELETE', url: '/predict' })
    await predict(app, { text: ' ' })
    // The scrape itself is the one.
    expect((await scrape(app)).get('sentiment_http_requests_in_flight')).toBe(1)
  })

  it('adds no series for any path that is requested', async () => {
    const app = await startApp()
    await app.inject('/metrics')
    const before = await scrape(app)
    for (let index = 0; index < 30; index++) {
      await app.inject({ method: 'GET', url: `/nowhere/${randomUUID()}?secret=${index}` })
      await app.inject({ method: 'PROPFIND', url: '/predict' })
      await app.inject({ method: 'HEAD', url: '/health' })
      await predict(app, { text: `a text with a secret ${index}` })
    }
    const after = await app.inject('/metrics')
    const lasting = [...parseSeries(after.body).keys()].filter((name) => !/^nodejs_active_/.test(name))
    expect(lasting.filter((name) => !before.has(name))).toEqual([])
    expect(after.body).not.toMatch(/secret|nowhere/)
  })

  it('counts disconnected clients with status 499, and leaves no request in flight', async () => {
    const app = await startApp({ env: { INFERENCE_WORKERS: '1', CACHE_MAX_ENTRIES: '0' } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.addresses()[0] as { port: number }
    const client = new AbortController()
    const requests = Array.from({ length: 8 }, (_, index) => fetch(`http://127.0.0.1:${port}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts: Array.from({ length: 60 }, (_, text) => `${index} ${text} ${'long '.repeat(100)}`) }),
      signal: client.signal
    }).catch(() => undefined))
    await vi.waitFor(async () => { expect((await scrape(app)).get('sentiment_queue_depth')).toBeGreaterThan(0) }, { interval: 1 })
    expect((await scrape(app)).get('sentiment_http_requests_in_flight')).toBeGreaterThan(1)
    client.abort()
    await Promise.all(requests)
    // The scrape itself is the one.
    await untilSeries(app, 'sentiment_http_requests_in_flight', 1)
    expect((await scrape(app)).get('sentiment_http_requests_total{method="POST",route="/predict",status="499"}')).toBeGreaterThan(0)
  })

  it('counts a worker that is lost and replaced', async () => {
    const app = await startApp({ workerUrl: FRAGILE_WORKER, env: { INFERENCE_WORKERS: '2' } })
    await untilSeries(app, 'sentiment_workers{state="idle"}', 2)
    const marker = join(tmpdir(), `fragile-${randomUUID()}`)
    onTestFinished(() => rm(marker, { force: true }))
    await predict(app, { text: `crash once ${marker}` })
    const series = await scrape(app)
    expect(series.get('sentiment_workers_lost_total')).toBe(1)
    expect(series.get('sentiment_worker_restarts_total')).toBe(1)
    await untilSeries(app, 'sentiment_workers{state="idle"}', 2)
  })

  it('shows whether Redis is up or down', async () => {
    const redis = await TestRedis.start()
    onTestFinished(() => redis.close())
    const env = { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '1000' }
    const app = await startApp({ env })
    await untilSeries(app, 'sentiment_redis{state="up"}', 1)
    await predict(app, { text: 'shared' })
    const other = await startApp({ env })
    await untilSeries(other, 'sentiment_redis{state="up"}', 1)
    await vi.waitFor(async () => {
      await predict(other, { text: 'shared' })
      expect((await scrape(other)).get('sentiment_cache_hits_total{tier="redis"}')).toBe(1)
    })
    await redis.kill()
    await untilSeries(app, 'sentiment_redis{state="down"}', 1)
    const series = await scrape(app)
    expect(series.get('sentiment_redis{state="up"}')).toBe(0)
    expect(series.get('sentiment_health{status="degraded"}')).toBe(1)
    expect(series.get('sentiment_redis_errors_total{kind="connection"}')).toBeGreaterThan(0)
    await redis.start()
    await untilSeries(app, 'sentiment_redis{state="up"}', 1)
  })
})

describe('METRICS_PORT', () => {
  it('serves the series on a separate port only', async () => {
    const port = await freePort()
    const app = await startApp({ env: { METRICS_PORT: String(port) } })
    expect((await app.inject('/metrics')).statusCode).toBe(404)
    const address = `http://127.0.0.1:${port}`
    const response = await fetch(`${address}/metrics`)
    expect(response.status).toBe(200)
    expect(parseSeries(await response.text()).get('sentiment_health{status="ok"}')).toBe(1)
    expect((await fetch(`${address}/predict`)).status).toBe(404)
    const wrong = await fetch(`${address}/metrics`, { method: 'POST' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})
