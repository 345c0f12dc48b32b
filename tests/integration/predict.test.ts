import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { COMPACT_REVISION } from '../../src/models/catalog.ts'
import { countComputedTexts, predict, startApp } from '../support/app.ts'

const body = (text: string) => ({ text })

describe('POST /predict', () => {
  let app: FastifyInstance
  beforeEach(async () => { app = await startApp() })

  it('answers one text with its label, every score, the model and the time of each stage', async () => {
    const response = await predict(app, body('I love this!'))
    expect(response.statusCode).toBe(200)
    const answer = response.json()
    expect(Object.keys(answer)).toEqual(['label', 'score', 'scores', 'model', 'cached', 'truncated', 'tokens'])
    expect(Object.keys(answer.scores)).toEqual(['negative', 'neutral', 'positive'])
    expect(answer.scores[answer.label]).toBe(answer.score)
    expect(answer).toMatchObject({ model: 'compact', cached: false, truncated: false })
    expect(response.headers['server-timing']).toMatch(/^cache;dur=[\d.]+, queue;dur=[\d.]+, inference;dur=[\d.]+$/)
    expect(response.headers['x-request-id']).toBeTruthy()
  })

  it('answers the second request from memory with the same scores', async () => {
    const first = (await predict(app, body('again'))).json()
    expect((await predict(app, body('again'))).json()).toEqual({ ...first, cached: true })
  })

  it('answers 1,000 texts in order with the scores that each has alone, and computes equal texts once', async () => {
    const texts = Array.from({ length: 1000 }, (_, index) => `tweet ${index % 700} of @somebody ${'so '.repeat(index % 40)}good 😀 http://x.y/${index}`)
    app = await startApp({ env: { MAX_TEXTS_PER_CALLER: '1000' } })
    const computed = await countComputedTexts(app)
    const batches = await Promise.all(Array.from({ length: 8 }, (_, index) => predict(app, { texts: texts.slice(index * 125, index * 125 + 125) })))
    const predictions = batches.flatMap((response) => response.json().predictions)
    // The number behind the link is masked: 700 different texts, some of them equal but for it.
    const different = new Set(texts.map((text) => text.replace(/http\S+/, '')))
    expect(await computed()).toBe(different.size)
    const other = await startApp({ env: { CACHE_MAX_ENTRIES: '0' } })
    for (let index = 0; index < texts.length; index += 37) {
      const alone = (await predict(other, body(texts[index] as string))).json()
      expect(predictions[index]).toEqual({ ...alone, cached: predictions[index].cached })
    }
  })

  it('supports text-embeddings-inference\'s contract', async () => {
    const single = (await predict(app, { inputs: 'hello' })).json()
    expect(single).toHaveLength(3)
    expect(single.map(({ score }: { score: number }) => score)).toEqual([...single.map(({ score }: { score: number }) => score)].sort((a, b) => b - a))
    const batch = await predict(app, { inputs: [['hello'], ['meh']] })
    expect(batch.json()[0]).toEqual(single)
    const raw = (await predict(app, { inputs: 'hello', raw_scores: true })).json()
    expect(raw.some(({ score }: { score: number }) => score < 0)).toBe(true)
  })

  it.each([
    ['10,000 characters', 'word '.repeat(2000), true],
    ['5,000 emoji', '😡'.repeat(5000), true],
    ['NUL', 'a\0b', false],
    ['a lone surrogate', 'broken \ud83d text', false],
    ['right-to-left', 'שלום عالم', false],
    ['one emoji', '😡', false]
  ])('answers a text of %s', async (_case, text, truncated) => {
    const response = await predict(app, body(text))
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ truncated })
  })

  it('rejects a text beyond the token limit if truncate is false', async () => {
    const long = { text: 'word '.repeat(1500), truncate: false }
    expect((await predict(app, long)).json()).toMatchObject({ status: 422, code: 'TEXT_TOO_LONG', detail: expect.stringMatching(/\d+ tokens; at most 512/) })
    expect((await predict(app, { text: 'short', truncate: false })).statusCode).toBe(200)
  })

  it('computes a new text once for many concurrent requests', async () => {
    const computed = await countComputedTexts(app)
    const responses = await Promise.all(Array.from({ length: 200 }, () => predict(app, body('hot key'))))
    expect(new Set(responses.map((response) => response.body)).size).toBe(1)
    expect(await computed()).toBe(1)
  })

  it('repeats the caller\'s request id if it is safe', async () => {
    const send = (id: string) => app.inject({ url: '/health', headers: { 'x-request-id': id } })
    expect((await send('abc-123')).headers['x-request-id']).toBe('abc-123')
    expect((await send('bad id\twith spaces')).headers['x-request-id']).not.toContain('bad')
  })
})

describe('GET /health and /info', () => {
  it('report the model that answers', async () => {
    const app = await startApp()
    const health = await app.inject('/health')
    expect(health.statusCode).toBe(200)
    expect(health.json()).toEqual({
      status: 'ok',
      model: { name: 'compact', requested: 'compact', revision: COMPACT_REVISION, dtype: 'q8', fallback: false },
      workers: { ready: expect.any(Number), total: expect.any(Number) },
      queue: { depth: 0, limit: 1024 },
      cache: { memory: { entries: 0 }, redis: 'off' },
      uptimeSeconds: expect.any(Number),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/)
    })
    expect((await app.inject('/info')).json()).toMatchObject({ model_id: 'compact', max_input_length: 512, max_client_batch_size: 128 })
  })

  it('report that the model is loading while the process is live', async () => {
    const app = await startApp({ ready: false })
    const health = await app.inject('/health')
    expect([health.statusCode, health.json().status]).toEqual([503, 'starting'])
    expect((await app.inject('/health/live')).statusCode).toBe(200)
    const refused = await predict(app, body('too early'))
    expect(refused.json()).toMatchObject({ status: 503, code: 'NOT_READY' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})
