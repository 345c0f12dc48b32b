import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { countComputedTexts, predict, startApp, untilReady } from '../support/app.ts'
import { TestRedis } from '../support/redis.ts'

const FRAGILE_WORKER = new URL('../fixtures/workers/fragile.mjs', import.meta.url)

async function startRedis (): Promise<TestRedis> {
  const redis = await TestRedis.start()
  onTestFinished(() => redis.close())
  return redis
}

const readStatus = async (app: FastifyInstance): Promise<string> => (await app.inject('/health')).json().status
const untilStatus = (app: FastifyInstance, status: string) =>
  vi.waitFor(async () => { expect(await readStatus(app)).toBe(status) }, { timeout: 20_000, interval: 20 })

/** Sends new texts one after another until it is stopped; resolves with every status code. */
function load (app: FastifyInstance): () => Promise<number[]> {
  const stop = new AbortController()
  const run = (async () => {
    const codes: number[] = []
    for (let count = 0; !stop.signal.aborted; count++) codes.push((await predict(app, { text: `text ${count} ${randomUUID()}` })).statusCode)
    return codes
  })()
  return () => {
    stop.abort()
    return run
  }
}

/** Disturbs Redis under load; expects that it is used again afterwards, and that every prediction is answered. */
async function expectAnswersWhile (disturb: (redis: TestRedis, app: FastifyInstance) => Promise<void>): Promise<void> {
  const redis = await startRedis()
  const app = await startApp({ env: { REDIS_URL: redis.url } })
  await untilStatus(app, 'ok')
  const stop = load(app)
  await disturb(redis, app)
  await untilStatus(app, 'ok')
  expect(new Set(await stop())).toEqual(new Set([200]))
}

describe('Redis', () => {
  it('answers from the cache that another process filled', async () => {
    const redis = await startRedis()
    const env = { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '1000' }
    const [first, second] = [await startApp({ env }), await startApp({ env })]
    await Promise.all([untilStatus(first, 'ok'), untilStatus(second, 'ok')])
    const computed = (await predict(first, { text: 'shared' })).json()
    const computedBySecond = await countComputedTexts(second)
    await vi.waitFor(async () => {
      const again = await predict(second, { text: 'shared' })
      expect(again.json()).toEqual({ ...computed, cached: true })
    })
    expect(await computedBySecond()).toBeLessThanOrEqual(1)
  })

  it('gets one MGET per request, and stores no text', async () => {
    const redis = await startRedis()
    const app = await startApp({ env: { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '1000' } })
    await untilStatus(app, 'ok')
    await predict(app, { texts: ['a secret', 'another secret', 'a third secret'] })
    const client = redis.client()
    onTestFinished(() => { client.disconnect() })
    const keys = await vi.waitFor(async () => {
      const found = await client.keys('*')
      expect(found).toHaveLength(3)
      return found
    })
    expect(await client.info('commandstats')).toMatch(/cmdstat_mget:calls=1,/)
    expect(await client.ttl(keys[0] as string)).toBeGreaterThan(86_000)
    expect(JSON.stringify(keys)).not.toContain('secret')
  })

  it('treats a foreign value under its key as a miss', async () => {
    const redis = await startRedis()
    const env = { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '1000' }
    const app = await startApp({ env })
    await untilStatus(app, 'ok')
    const client = redis.client()
    onTestFinished(() => { client.disconnect() })
    const key = app.modelManager.requireModel().toCacheKey('poisoned')
    await client.set(key, 'not ours')
    expect((await predict(app, { text: 'poisoned' })).json()).toMatchObject({ cached: false })
    await client.lpush(app.modelManager.requireModel().toCacheKey('a list'), 'of another kind')
    expect((await predict(app, { text: 'a list' })).json()).toMatchObject({ cached: false })
  })

  it('fails no prediction while Redis is killed and restarted under load', () => expectAnswersWhile(async (redis, app) => {
    await redis.kill()
    await untilStatus(app, 'degraded')
    await redis.start()
  }))

  it('fails no prediction while Redis hangs under load and recovers', () => expectAnswersWhile(async (redis, app) => {
    redis.hang()
    await untilStatus(app, 'degraded')
    redis.resume()
  }))

  it('fails no prediction while Redis is slow', () => expectAnswersWhile(async (redis, app) => {
    const client = redis.client()
    onTestFinished(() => { client.disconnect() })
    // Delays every answer of the server by this number of milliseconds.
    await client.call('CLIENT', 'PAUSE', '800', 'ALL')
    await untilStatus(app, 'degraded')
  }))

  it('answers if Redis is not reachable at the start', async () => {
    const app = await startApp({ env: { REDIS_URL: 'redis://127.0.0.1:1' } })
    expect((await predict(app, { text: 'alone' })).statusCode).toBe(200)
    expect((await app.inject('/health')).json()).toMatchObject({ status: 'degraded', cache: { redis: 'down' } })
  })
})

describe('worker failures', () => {
  const marker = (): string => {
    const path = join(tmpdir(), `fragile-${randomUUID()}`)
    onTestFinished(() => rm(path, { force: true }))
    return path
  }

  it.each(['crash', 'hang'])('answers a text despite the %s of its worker in mid-run, and replaces the worker', async (kind) => {
    const app = await startApp({ workerUrl: FRAGILE_WORKER, env: { INFERENCE_WORKERS: '2', PREDICT_TIMEOUT_MS: '4000', CACHE_MAX_ENTRIES: '0' } })
    const reference = await startApp({ env: { CACHE_MAX_ENTRIES: '0' } })
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`)
    const trace = marker()
    const fatal = `${kind} once ${trace}`
    const responses = await Promise.all([fatal, ...texts].map((text) => predict(app, { text })))
    for (const [index, text] of [fatal, ...texts].entries()) {
      expect(responses[index]?.json()).toEqual((await predict(reference, { text })).json())
    }
    expect(existsSync(trace), 'the worker failed as planned').toBe(true)
    await untilReady(app)
  })

  it('answers 503 to a text that crashes two workers, and fails no other text', async () => {
    const app = await startApp({ workerUrl: FRAGILE_WORKER, env: { INFERENCE_WORKERS: '2' } })
    const [fatal, other] = await Promise.all([predict(app, { text: `crash always ${marker()}` }), predict(app, { text: 'innocent' })])
    expect(fatal.json()).toMatchObject({ status: 503, code: 'NOT_READY' })
    expect(other.statusCode).toBe(200)
    await untilReady(app)
  })

  it('answers 504 if no worker finishes within PREDICT_TIMEOUT_MS', async () => {
    const app = await startApp({ workerUrl: FRAGILE_WORKER, env: { INFERENCE_WORKERS: '1', PREDICT_TIMEOUT_MS: '400' } })
    expect((await predict(app, { text: `hang always ${marker()}` })).json()).toMatchObject({ status: 504, code: 'TIMEOUT' })
  })
})

describe('a full queue', () => {
  it('rejects requests that would wait too long with Retry-After, and answers those that it admitted', async () => {
    const app = await startApp({ env: { QUEUE_LIMIT: '8', MAX_BATCH_SIZE: '8', INFERENCE_WORKERS: '1' } })
    const responses = await Promise.all(Array.from({ length: 40 }, (_, index) => predict(app, { text: `text ${index} ${'long '.repeat(200)}` })))
    const refused = responses.filter(({ statusCode }) => statusCode === 503)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.json()).toMatchObject({ code: 'OVERLOADED' })
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(responses.filter(({ statusCode }) => statusCode === 200).length).toBe(responses.length - refused.length)
  })
})
