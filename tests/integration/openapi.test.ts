import { randomUUID } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { startApp, type TestAppOptions } from '../support/app.ts'
import { checkResponse, documentedResponses, fetchDocument, type Document, type Received } from '../support/openapi.ts'

const FRAGILE_WORKER = new URL('../fixtures/workers/fragile.mjs', import.meta.url)
const POSTS = ['/predict', '/'] as const
const GETS = ['/health', '/health/ready', '/health/live', '/info', '/openapi.json', '/metrics', '/'] as const

type Method = 'GET' | 'POST'
/** A request, and the answers that the document allows for it. */
class Drive {
  readonly seen = new Set<string>()
  readonly #document: Document

  constructor (document: Document) {
    this.#document = document
  }

  async send (app: FastifyInstance, method: Method, url: string, options: InjectOptions = {}): Promise<void> {
    this.check(method, url, await app.inject({ method, url, ...options }))
  }

  check (method: Method, path: string, received: Received): void {
    this.seen.add(checkResponse(this.#document, method, path, received))
  }
}

const raw = (payload: string, type = 'application/json'): InjectOptions => ({ headers: { 'content-type': type }, payload })
const body = (inputs: unknown): InjectOptions => raw(JSON.stringify({ inputs }))

/** Announces a body and never sends it. */
async function sendHalf (app: FastifyInstance, path: string): Promise<Received> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const request = httpRequest({
    port: (app.server.address() as AddressInfo).port,
    host: '127.0.0.1',
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', 'content-length': '100' }
  })
  request.write('{"inputs":')
  const response = await new Promise<IncomingMessage>((resolve, reject) => request.once('response', resolve).once('error', reject))
  return { statusCode: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document that describes the purpose of each route', async () => {
    const document = await fetchDocument(await startApp({ ready: false }))
    expect(document.openapi).toBe('3.1.0')
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
    for (const path of [...POSTS, ...GETS]) expect(document.paths).toHaveProperty([path])
    for (const item of Object.values(document.paths)) {
      for (const operation of [item?.get, item?.post]) {
        if (operation !== undefined) expect(operation).toMatchObject({ summary: expect.any(String), operationId: expect.any(String), tags: [expect.any(String)] })
      }
    }
  })

  it('has an example for every request and every problem, and each is valid', async () => {
    const document = await fetchDocument(await startApp({ ready: false }))
    for (const path of POSTS) {
      const operation = document.paths[path]?.post
      expect(JSON.stringify(operation?.requestBody)).toContain('"example')
    }
    const problems = Object.values(document.paths).flatMap((item) => [item?.get, item?.post])
      .flatMap((operation) => Object.entries(operation?.responses ?? {}))
      .filter(([, response]) => 'content' in response && 'application/problem+json' in (response.content ?? {}))
    expect(problems.length).toBeGreaterThan(10)
    for (const [status, response] of problems) {
      const { examples } = (response as { content: Record<string, { examples: Record<string, { value: { status: number, code: string } }> }> }).content['application/problem+json'] ?? {}
      expect(Object.keys(examples ?? {}), `examples of ${status}`).not.toHaveLength(0)
      for (const [code, { value }] of Object.entries(examples ?? {})) expect(value).toMatchObject({ code, status: Number(status) })
    }
  })

  it('marks the operations that require a key', async () => {
    const secured = (document: Document): unknown => document.paths['/predict']?.post?.security
    expect(secured(await fetchDocument(await startApp({ ready: false })))).toEqual([{}, { apiKey: [] }])
    const keyed = await fetchDocument(await startApp({ ready: false, env: { API_KEYS: 'some-key-of-the-test' } }))
    expect(secured(keyed)).toEqual([{ apiKey: [] }])
    expect(keyed.paths['/health']?.get?.security).toBeUndefined()
  })

  it('describes every answer of the service, and nothing else', async () => {
    const document = await fetchDocument(await startApp({ ready: false }))
    const drive = new Drive(document)
    const start = (options: TestAppOptions): Promise<FastifyInstance> => startApp(options)

    const app = await start({ env: { BODY_LIMIT_BYTES: '2000', MAX_TEXT_LENGTH: '1000' } })
    for (const url of GETS) await drive.send(app, 'GET', url)
    for (const payload of [{ text: 'a' }, { texts: ['a', 'b'] }, { inputs: 'a' }, { inputs: [['a']] }]) {
      await drive.send(app, 'POST', '/predict', { payload })
    }
    await drive.send(app, 'POST', '/', { payload: { inputs: ['a', 'b'], parameters: { top_k: 1 } } })
    for (const url of POSTS) {
      await drive.send(app, 'POST', url, raw('{oops'))
      await drive.send(app, 'POST', url, body('a'.repeat(3000)))
      await drive.send(app, 'POST', url, raw('text=a', 'application/x-www-form-urlencoded'))
      await drive.send(app, 'POST', url, body(' '))
    }

    const loading = await start({ env: { MODEL_NAME: 'nobody/nothing', HF_ENDPOINT: 'http://127.0.0.1:9' }, ready: false })
    for (const url of POSTS) await drive.send(loading, 'POST', url, body('early'))
    for (const url of ['/health', '/health/ready', '/info']) await drive.send(loading, 'GET', url)

    const hung = await start({ workerUrl: FRAGILE_WORKER, env: { INFERENCE_WORKERS: '1', PREDICT_TIMEOUT_MS: '800' } })
    for (const url of POSTS) await drive.send(hung, 'POST', url, body(`hang always ${join(tmpdir(), randomUUID())}`))

    const keyed = documentedResponses(document).filter((place) => place.endsWith(' 401')).map((place) => place.split(' ') as [Method, string])
    const guarded = await start({ ready: false, env: { API_KEYS: 'some-key-of-the-test' } })
    for (const [method, url] of keyed) await drive.send(guarded, method, url)
    for (let count = 0; count < 25; count++) await guarded.inject({ url: '/info', headers: { authorization: `Bearer guess-number-${count}` } })
    for (const [method, url] of keyed) await drive.send(guarded, method, url, { headers: { authorization: 'Bearer one-guess-more' } })

    for (const path of POSTS) {
      const impatient = await start({ ready: false, limits: { headersTimeoutMs: 400, bodyTimeoutMs: 400, checkMs: 50 } })
      drive.check('POST', path, await sendHalf(impatient, path))
    }
    expect([...drive.seen].sort()).toEqual(documentedResponses(document).sort())
  })
})

describe('/docs', () => {
  it('shows the document and loads nothing from another host', async () => {
    const app = await startApp({ ready: false })
    const page = await app.inject('/docs')
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-security-policy']).toContain('default-src \'none\'; script-src \'self\';')
    expect(page.body).not.toMatch(/<script(?![^>]* src=)/)
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string)
    expect(files.length).toBeGreaterThanOrEqual(5)
    for (const url of files) {
      expect(url).toMatch(/^\.\/docs\/static\/[\w.-]+$/)
      expect((await app.inject(url.slice(1))).statusCode, url).toBe(200)
    }
    // Relative to the page's copy, the server is one level up.
    expect((await app.inject('/docs/json')).json()).toEqual({ ...await fetchDocument(app), servers: [{ url: '../' }] })
    expect((await app.inject('/docs/static/nothing.js')).json()).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })
})
