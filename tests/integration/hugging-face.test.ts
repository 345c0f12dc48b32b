import { randomUUID } from 'node:crypto'
import { once as onceEmitted } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceClient, InferenceClientProviderApiError } from '@huggingface/inference'
import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { predict, startApp } from '../support/app.ts'
import { scrape } from '../support/scrape.ts'

/** Without this option the client retries a 503 immediately and without limit. */
const once = { retry_on_error: false }

async function listen (app: FastifyInstance): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

async function failure (call: Promise<unknown>): Promise<InferenceClientProviderApiError> {
  const error: unknown = await call.then(() => undefined, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(InferenceClientProviderApiError)
  return error as InferenceClientProviderApiError
}

describe('@huggingface/inference', () => {
  let endpointUrl: string
  const client = new InferenceClient()
  beforeEach(async () => { endpointUrl = await listen(await startApp({ env: { MAX_TEXT_LENGTH: '100' } })) })

  it('gets every label, best first', async () => {
    const answer = await client.textClassification({ endpointUrl, inputs: 'I love this!' })
    expect(answer.map(({ label }) => label).sort()).toEqual(['negative', 'neutral', 'positive'])
    expect(answer.map(({ score }) => score)).toEqual(answer.map(({ score }) => score).sort((a, b) => b - a))
    expect(answer.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 3)
  })

  it('gets top_k labels, with the requested function applied', async () => {
    const classify = (parameters: Parameters<typeof client.textClassification>[0]['parameters']) =>
      client.textClassification({ endpointUrl, inputs: 'I love this!', ...(parameters && { parameters }) })
    const all = await classify(undefined)
    expect(await classify({ top_k: 1 })).toEqual(all.slice(0, 1))
    expect(await classify({ top_k: 9 })).toEqual(all)
    const logits = await classify({ function_to_apply: 'none' })
    const sigmoid = await classify({ function_to_apply: 'sigmoid', top_k: 1 })
    expect(logits.map(({ label }) => label)).toEqual(all.map(({ label }) => label))
    expect(sigmoid[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-(logits[0]?.score ?? NaN))), 5)
  })

  it.each([
    ['an empty text', { inputs: ' ' }, 422, 'Text 0 is empty or blank', 'Empty'],
    ['a text that is too long', { inputs: 'a'.repeat(101) }, 422, 'Text 0 has 101 characters', 'Validation'],
    ['a wrong parameter', { inputs: 'a', parameters: { top_k: 0 } }, 400, 'top_k', 'Validation']
  ])('throws its own error for %s, with the message of the service', async (_case, request, status, words, type) => {
    const error = await failure(client.textClassification({ endpointUrl, ...request }, once))
    expect(error.message).toContain(words)
    expect(error.httpResponse).toMatchObject({ status, body: { status, error_type: type, error: expect.stringContaining(words) } })
    expect(error.httpResponse.requestId).toBe((error.httpResponse.body as { requestId: string }).requestId)
  })

  it('sends one request to an overloaded service, with its default options', async () => {
    const app = await startApp({
      workerUrl: new URL('../fixtures/workers/fragile.mjs', import.meta.url),
      env: { INFERENCE_WORKERS: '1', QUEUE_LIMIT: '1', MAX_BATCH_SIZE: '1', PREDICT_TIMEOUT_MS: '20000' }
    })
    const url = await listen(app)
    const busy = ['running', 'waiting'].map((name) => predict(app, { text: `hang always ${join(tmpdir(), randomUUID())} ${name}` }))
    await vi.waitFor(() => { expect(app.health().queue.depth).toBe(1) }, { timeout: 20_000, interval: 10 })
    let requests = 0
    const counting: typeof fetch = (...args) => {
      requests++
      return fetch(...args)
    }
    const error = await failure(client.textClassification({ endpointUrl: url, inputs: 'late' }, { fetch: counting }))
    expect(error.httpResponse).toMatchObject({ status: 429, body: { status: 429, code: 'OVERLOADED', error_type: 'Overloaded' } })
    expect(requests).toBe(1)
    await Promise.all(busy)
  })

  it('waits for a model that is loading', async () => {
    const app = await startApp({ ready: false })
    expect(await client.textClassification({ endpointUrl: await listen(app), inputs: 'early' }, once)).toHaveLength(3)
  })

  it('gets NOT_READY from a service that shuts down while the model loads', async () => {
    const hub = createServer(() => {}).listen(0, '127.0.0.1')
    await onceEmitted(hub, 'listening')
    onTestFinished(() => { hub.closeAllConnections() })
    onTestFinished(() => { hub.close() })
    const { port } = hub.address() as AddressInfo
    const app = await startApp({ env: { MODEL_NAME: 'nobody/nothing', HF_ENDPOINT: `http://127.0.0.1:${port}`, PREDICT_TIMEOUT_MS: '600000' }, ready: false })
    const error = failure(client.textClassification({ endpointUrl: await listen(app), inputs: 'early' }, once))
    await vi.waitFor(async () => expect((await scrape(app)).get('sentiment_http_requests_in_flight')).toBe(2), { timeout: 20_000, interval: 20 })
    await app.close()
    expect((await error).httpResponse).toMatchObject({ status: 503, body: { code: 'NOT_READY' } })
  })

  it('throws its own error while the model loads', async () => {
    const app = await startApp({ env: { MODEL_NAME: 'nobody/nothing', HF_ENDPOINT: 'http://127.0.0.1:9' }, ready: false })
    const error = await failure(client.textClassification({ endpointUrl: await listen(app), inputs: 'early' }, once))
    expect(error.httpResponse).toMatchObject({ status: 503, body: { code: 'NOT_READY', error_type: 'Unhealthy' } })
  })
})

describe('POST /', () => {
  let app: FastifyInstance
  beforeEach(async () => { app = await startApp() })
  const post = (payload: object) => app.inject({ method: 'POST', url: '/', payload })

  it('answers a list per text, with the scores of /predict', async () => {
    const one = (await post({ inputs: 'hello', parameters: {} })).json()
    const two = await post({ inputs: ['meh', 'hello'], parameters: null, options: { wait_for_model: true }, model: 'any' })
    expect(two.json()[1]).toEqual(one[0])
    expect(one[0]).toEqual((await predict(app, { inputs: 'hello' })).json())
    expect(two.headers['server-timing']).toMatch(/^cache;dur=/)
  })

  it.each([
    ['no inputs', {}, /^inputs must be/],
    ['a number', { inputs: 1 }, /^inputs must be/],
    ['text-embeddings-inference\'s batch', { inputs: [['a']] }, /^inputs must be/],
    ['a misspelt key', { inputs: 'a', paramters: {} }, /^Unknown property/],
    ['an unknown function', { inputs: 'a', parameters: { function_to_apply: 'tanh' } }, /^Invalid parameters/],
    ['a number for a model', { inputs: 'a', model: 1 }, /^options must be/],
    ['an array', [], /^The body must be/]
  ])('explains what is wrong with %s', async (_case, payload, words) => {
    const response = await post(payload)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.json()).toMatchObject({ status: 400, code: 'VALIDATION', error_type: 'Validation', detail: expect.stringMatching(words), error: expect.stringMatching(words) })
  })

  it('answers BATCH_SIZE to a batch that is too large or empty', async () => {
    expect((await post({ inputs: [] })).json()).toMatchObject({ status: 422, code: 'BATCH_SIZE' })
    expect((await post({ inputs: Array.from({ length: 129 }, () => 'a') })).json()).toMatchObject({ status: 422, code: 'BATCH_SIZE' })
  })
})

describe('text-embeddings-inference\'s contract', () => {
  let app: FastifyInstance
  beforeEach(async () => { app = await startApp() })

  it('accepts every option that its clients send', async () => {
    const plain = (await predict(app, { inputs: 'hello' })).json()
    expect((await predict(app, { inputs: 'hello', truncate: null, truncation_direction: 'right', raw_scores: false })).json()).toEqual(plain)
    expect((await predict(app, { inputs: [['hello']], truncate: true })).json()).toEqual([plain])
    for (const direction of ['Right', 'Left', 'left']) expect((await predict(app, { inputs: 'hello', truncation_direction: direction })).json()).toEqual(plain)
    expect((await predict(app, { inputs: ['hello'] })).json()).toEqual(plain)
    expect((await predict(app, { inputs: 'word '.repeat(1500), truncation_direction: 'Left' })).json()).toMatchObject({ status: 422, code: 'TEXT_TOO_LONG' })
    expect((await predict(app, { inputs: 'word '.repeat(1500), truncate: false })).json()).toMatchObject({ status: 422, error_type: 'Validation', error: expect.stringContaining('tokens') })
  })

  it('adds error and error_type to its own errors, and to no others', async () => {
    const pair = (await predict(app, { inputs: ['a', 'b'] })).json()
    expect(pair).toMatchObject({ code: 'TEXT_PAIR', error: pair.detail, error_type: 'Validation' })
    expect((await predict(app, { inputs: '' })).json()).toMatchObject({ error_type: 'Empty' })
    expect((await predict(app, { text: '' })).json()).not.toHaveProperty('error')
  })

  it('reports the model and the limits in its fields', async () => {
    const info = (await app.inject('/info')).json()
    expect(info.model_type.classifier).toEqual({ id2label: { 0: 'negative', 1: 'neutral', 2: 'positive' }, label2id: { negative: 0, neutral: 1, positive: 2 } })
    expect(info.max_batch_requests).toBe(4)
    expect(Object.keys(info)).toEqual(expect.arrayContaining([
      'model_id', 'model_sha', 'model_dtype', 'served_model_name', 'max_concurrent_requests', 'max_input_length', 'max_batch_tokens',
      'max_batch_requests', 'max_client_batch_size', 'auto_truncate', 'tokenization_workers', 'version', 'sha', 'docker_label'
    ]))
  })
})
