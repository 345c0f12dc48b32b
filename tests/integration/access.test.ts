import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { MAX_WRONG_KEYS } from '../../src/auth/guard.ts'
import { startApp } from '../support/app.ts'
import { TestRedis } from '../support/redis.ts'
import { parseSeries } from '../support/scrape.ts'

const KEYS = ['first-key-of-the-test', 'second-key-of-the-test']
const env = { API_KEYS: KEYS.join(', ') }

const predict = (app: FastifyInstance, key?: string, remoteAddress = '192.0.2.1', headers: Record<string, string> = {}) => app.inject({
  method: 'POST', url: '/predict', payload: { text: 'hello' }, remoteAddress, headers: { ...headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) }
})
const codes = async (count: number, request: () => ReturnType<typeof predict>): Promise<number[]> => {
  const all = []
  for (let index = 0; index < count; index++) all.push((await request()).statusCode)
  return all
}

describe('API keys', () => {
  it('accepts each of the keys', async () => {
    const app = await startApp({ env })
    for (const key of KEYS) expect((await predict(app, key)).statusCode).toBe(200)
  })

  it.each([
    ['no key', undefined],
    ['a wrong key', 'wrong-key-of-the-test'],
    ['the start of a key', 'first-key-of-the'],
    ['both keys in one', KEYS.join(',')]
  ])('answers 401 to %s before the body is read', async (_case, key) => {
    const app = await startApp({ env })
    const response = await predict(app, key)
    expect(response.json()).toMatchObject({ status: 401, code: 'UNAUTHORIZED' })
    expect(response.headers['www-authenticate']).toBe('Bearer')
    const broken = await app.inject({ method: 'POST', url: '/predict', payload: '{oops', headers: { 'content-type': 'application/json' } })
    expect(broken.statusCode).toBe(401)
  })

  it('does not accept a key in another authentication scheme', async () => {
    const app = await startApp({ env })
    const response = await app.inject({ url: '/info', headers: { authorization: `Basic ${KEYS[0]}` } })
    expect(response.statusCode).toBe(401)
  })

  it('requires a key for every path except health, documentation, the page and unknown paths', async () => {
    const app = await startApp({ env })
    const status = async (url: string): Promise<number> => (await app.inject(url)).statusCode
    expect(await Promise.all(['/health', '/health/live', '/health/ready'].map(status))).toEqual([200, 200, 200])
    expect(await Promise.all(['/info', '/metrics'].map(status))).toEqual([401, 401])
    expect(await status('/nothing')).toBe(404)
  })

  it('keeps hashes of the keys only', async () => {
    const app = await startApp({ env })
    expect(JSON.stringify(app.config)).not.toContain('of-the-test')
  })
})

describe('wrong API keys', () => {
  it('answers 429 after a few wrong keys, and still accepts a valid one from the same address', async () => {
    const app = await startApp({ env })
    const guesses = await codes(MAX_WRONG_KEYS + 2, () => predict(app, randomUUID()))
    expect(guesses).toEqual([...Array<number>(MAX_WRONG_KEYS).fill(401), 429, 429])
    const refused = await predict(app, randomUUID())
    expect(refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect([(await predict(app, KEYS[0])).statusCode, (await predict(app, KEYS[1])).statusCode]).toEqual([200, 200])
    expect((await predict(app, randomUUID(), '192.0.2.2')).statusCode).toBe(401)
    expect(parseSeries((await app.inject({ url: '/metrics', headers: { authorization: `Bearer ${KEYS[0]}` } })).body).get('sentiment_wrong_api_keys_total')).toBe(MAX_WRONG_KEYS + 4)
  })

  it('counts wrong keys from one IPv6 /64 together', async () => {
    const app = await startApp({ env })
    let host = 0
    await codes(MAX_WRONG_KEYS, () => predict(app, randomUUID(), `2001:db8::${(++host).toString(16)}`))
    expect((await predict(app, randomUUID(), '2001:db8::ffff')).statusCode).toBe(429)
    expect((await predict(app, randomUUID(), '2001:db8:0:1::1')).statusCode).toBe(401)
  })
})

describe('the rate limit', () => {
  it('counts the texts of a key, and reports them in headers', async () => {
    const app = await startApp({ env: { ...env, RATE_LIMIT_TEXTS_PER_MINUTE: '3' } })
    const first = await predict(app, KEYS[0])
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '2', 'ratelimit-reset': expect.any(String) })
    expect(await codes(3, () => predict(app, KEYS[0], '192.0.2.7'))).toEqual([200, 200, 429])
    const refused = await predict(app, KEYS[0])
    expect(refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect((await predict(app, KEYS[1])).statusCode).toBe(200)
    expect(await codes(5, () => app.inject('/health'))).toEqual([200, 200, 200, 200, 200])
  })

  it('counts every text of a batch and every line of a stream', async () => {
    const app = await startApp({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '40' } })
    const batch = await app.inject({ method: 'POST', url: '/predict', payload: { texts: Array.from({ length: 32 }, (_, index) => `text ${index}`) } })
    expect(batch.headers).toMatchObject({ 'ratelimit-limit': '40', 'ratelimit-remaining': '8' })
    const second = await app.inject({ method: 'POST', url: '/predict', payload: { texts: Array.from({ length: 9 }, () => 'text') } })
    expect(second.statusCode).toBe(429)
    const stream = await app.inject({ method: 'POST', url: '/predict', headers: { 'content-type': 'application/x-ndjson' }, payload: '"line"\n'.repeat(10) })
    const lines = stream.body.trim().split('\n').map((line) => (JSON.parse(line) as { code?: string }).code)
    expect(lines).toEqual([...Array<undefined>(8).fill(undefined), 'RATE_LIMITED', 'RATE_LIMITED'])
  })

  it('rejects a batch that exceeds the limit on its own without telling the client to wait', async () => {
    const app = await startApp({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '3' } })
    const send = (texts: number) => app.inject({ method: 'POST', url: '/predict', payload: { texts: Array.from({ length: texts }, (_, index) => `text ${index}`) } })
    const refused = await send(4)
    expect(refused.json()).toMatchObject({ status: 422, code: 'BATCH_SIZE', detail: 'The batch has 4 texts; allowed: 1 to 3' })
    expect(refused.headers['retry-after']).toBeUndefined()
    expect((await send(3)).statusCode).toBe(200)
  })

  it('counts by address if no keys are set, using the address that a trusted proxy forwards', async () => {
    const app = await startApp({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '1', TRUST_PROXY: 'true' } })
    const from = (forwarded: string) => predict(app, undefined, '192.0.2.1', { 'x-forwarded-for': forwarded })
    expect((await from('203.0.113.1')).statusCode).toBe(200)
    // Entries that the client wrote itself are further left.
    expect((await from('198.51.100.9, 203.0.113.1')).statusCode).toBe(429)
    expect((await from('203.0.113.2')).statusCode).toBe(200)
  })

  it('ignores X-Forwarded-For if no proxy is trusted', async () => {
    const app = await startApp({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '1' } })
    const from = (forwarded: string) => predict(app, undefined, '192.0.2.1', { 'x-forwarded-for': forwarded })
    expect([(await from('203.0.113.1')).statusCode, (await from('203.0.113.2')).statusCode]).toEqual([200, 429])
  })

  it('shares counts between processes through Redis without storing keys there, and counts per process without Redis', async () => {
    const redis = await TestRedis.start()
    onTestFinished(() => redis.close())
    const limited = { ...env, RATE_LIMIT_TEXTS_PER_MINUTE: '4', REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '1000' }
    const apps = [await startApp({ env: limited }), await startApp({ env: limited })] as const
    const untilRedis = (state: string) => vi.waitFor(() => {
      for (const app of apps) expect(app.redis?.state).toBe(state)
    }, { timeout: 20_000, interval: 20 })
    await untilRedis('up')
    expect(await codes(2, () => predict(apps[0], KEYS[0]))).toEqual([200, 200])
    expect(await codes(3, () => predict(apps[1], KEYS[0]))).toEqual([200, 200, 429])
    const client = redis.client()
    onTestFinished(() => { client.disconnect() })
    const keys = await client.keys('sentiment:rate:*')
    expect(keys).toHaveLength(1)
    expect(keys[0]).not.toContain('test')
    expect(await client.pttl(keys[0] as string)).toBeGreaterThan(0)
    // A counter without an expiry would block its caller forever.
    await client.persist(keys[0] as string)
    expect((await predict(apps[0], KEYS[0])).statusCode).toBe(200)
    expect(await client.pttl(keys[0] as string)).toBeGreaterThan(0)
    await redis.kill()
    await untilRedis('down')
    for (const app of apps) expect(await codes(5, () => predict(app, KEYS[0]))).toEqual([200, 200, 200, 200, 429])
  })

  it('accepts requests while Redis hangs', async () => {
    const redis = await TestRedis.start()
    onTestFinished(() => redis.close())
    const app = await startApp({ env: { RATE_LIMIT_TEXTS_PER_MINUTE: '1000', REDIS_URL: redis.url } })
    await vi.waitFor(() => { expect(app.redis?.state).toBe('up') })
    redis.hang()
    expect(new Set(await codes(20, () => predict(app)))).toEqual(new Set([200]))
    redis.resume()
  })
})

describe('CORS', () => {
  const preflight = (app: FastifyInstance, origin: string) => app.inject({
    method: 'OPTIONS', url: '/predict', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
  })

  it('allows no other origin unless CORS_ORIGINS lists it', async () => {
    const app = await startApp()
    expect((await preflight(app, 'https://example.org')).headers['access-control-allow-origin']).toBeUndefined()
  })

  it('answers preflight requests of listed origins without a key, and lets their scripts read errors', async () => {
    const app = await startApp({ env: { ...env, CORS_ORIGINS: 'https://example.org, http://localhost:3000' } })
    const allowed = await preflight(app, 'https://example.org')
    expect(allowed.statusCode).toBe(204)
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://example.org', 'access-control-allow-headers': expect.stringContaining('authorization') })
    expect((await preflight(app, 'https://other.example')).headers['access-control-allow-origin']).toBeUndefined()
    const refused = await predict(app, undefined, '192.0.2.1', { origin: 'https://example.org' })
    expect(refused.statusCode).toBe(401)
    expect(refused.headers).toMatchObject({ 'access-control-allow-origin': 'https://example.org', 'access-control-expose-headers': expect.stringContaining('retry-after') })
  })
  it('still answers 404 to unknown paths and 405 to wrong methods', async () => {
    const app = await startApp({ env: { CORS_ORIGINS: '*' } })
    expect((await app.inject('/nothing')).statusCode).toBe(404)
    const wrong = await app.inject('/predict')
    expect(wrong.statusCode).toBe(405)
    expect(wrong.headers.allow).toBe('POST, OPTIONS')
  })
})
