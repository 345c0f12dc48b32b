import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { predict, startApp } from '../support/app.ts'

/** Sends bytes, and returns everything that the server sends until it closes the connection. */
async function sendBytes (app: FastifyInstance, bytes: string): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

describe('errors', () => {
  let app: FastifyInstance
  beforeEach(async () => { app = await startApp({ env: { MAX_BATCH_SIZE: '4', BODY_LIMIT_BYTES: '5000', MAX_TEXT_LENGTH: '1000' } }) })

  const json = (payload: unknown): InjectOptions => ({ method: 'POST', url: '/predict', headers: { 'content-type': 'application/json' }, payload: JSON.stringify(payload) })
  const raw = (payload: string | Buffer, type = 'application/json'): InjectOptions => ({ method: 'POST', url: '/predict', headers: { 'content-type': type }, payload })
  const compressed = (payload: string, type: string): InjectOptions =>
    ({ method: 'POST', url: '/predict', headers: { 'content-type': type, 'content-encoding': 'gzip' }, payload: gzipSync(payload) })

  it.each<[string, InjectOptions, number, string]>([
    ['no JSON', raw('{oops'), 400, 'VALIDATION'],
    ['bytes that are no UTF-8', raw(Buffer.from('{"text":"caf\u00e9"}', 'latin1')), 400, 'VALIDATION'],
    ['an empty body', raw(''), 400, 'VALIDATION'],
    ['an array', json([]), 400, 'VALIDATION'],
    ['null', json(null), 400, 'VALIDATION'],
    ['none of text, texts, inputs', json({}), 400, 'VALIDATION'],
    ['two of them', json({ text: 'a', texts: ['b'] }), 400, 'VALIDATION'],
    ['a number for a text', json({ text: 1 }), 400, 'VALIDATION'],
    ['a string for texts', json({ texts: 'a' }), 400, 'VALIDATION'],
    ['a number among texts', json({ texts: ['a', 1] }), 400, 'VALIDATION'],
    ['a string for truncate', json({ text: 'a', truncate: 'yes' }), 400, 'VALIDATION'],
    ['a misspelt option', json({ text: 'a', trucate: false }), 400, 'VALIDATION'],
    ['a key of an object\'s prototype', raw('{"__proto__":{"text":"a"}}'), 400, 'VALIDATION'],
    ['an empty text', json({ text: '' }), 422, 'EMPTY_TEXT'],
    ['a blank text in a batch', json({ texts: ['a', ' \n'] }), 422, 'EMPTY_TEXT'],
    ['a text that is too long', json({ text: 'a'.repeat(1001) }), 422, 'TEXT_TOO_LONG'],
    ['no texts', json({ texts: [] }), 422, 'BATCH_SIZE'],
    ['too many texts', json({ texts: ['a', 'b', 'c', 'd', 'e'] }), 422, 'BATCH_SIZE'],
    ['a text pair', json({ inputs: ['a', 'b'] }), 422, 'TEXT_PAIR'],
    ['a text pair in a batch', json({ inputs: [['a', 'b']] }), 422, 'TEXT_PAIR'],
    ['a body over the limit', json({ text: 'a'.repeat(6000) }), 413, 'BODY_TOO_LARGE'],
    ['another content type', raw('text=a', 'application/x-www-form-urlencoded'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a compressed body', compressed('{"text":"a"}', 'application/json'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['compressed lines', compressed('"a"\n', 'application/x-ndjson'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', raw('a', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an unknown route', { url: '/nothing' }, 404, 'NOT_FOUND'],
    ['a URL that is none', { url: '/%zz' }, 400, 'VALIDATION'],
    ['a wrong method', { method: 'DELETE', url: '/predict' }, 405, 'METHOD_NOT_ALLOWED']
  ])('answers %s with problem details', async (_case, request, status, code) => {
    const response = await app.inject(request)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.json()).toEqual({
      type: expect.stringMatching(/^urn:sentiment:problem:/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      code,
      requestId: response.headers['x-request-id'],
      // Only text-embeddings-inference's shape can hold a pair.
      ...(code === 'TEXT_PAIR' && { error: response.json().detail, error_type: 'Validation' })
    })
    expect(response.statusCode).toBe(status)
  })

  it.each(['DELETE', 'OPTIONS', 'PUT', 'TRACE', 'QUERY', 'PROPFIND'])('rejects %s before the body is read', async (method) => {
    const request = { method: method as 'PUT', url: '/predict' }
    for (const options of [{}, raw('{oops'), raw('a', 'text/plain')]) {
      const response = await app.inject({ ...options, ...request })
      expect([response.statusCode, response.headers.allow]).toEqual([405, 'POST'])
    }
  })

  it('lists the methods that a route supports', async () => {
    expect((await app.inject({ method: 'DELETE', url: '/predict' })).headers.allow).toBe('POST')
    expect((await app.inject({ method: 'POST', url: '/health' })).headers.allow).toBe('GET, HEAD')
  })

  it.each(['/predict', '/'])('reports an unknown property on POST %s although every object inherits it', async (url) => {
    const response = await app.inject({ ...json({ inputs: 'a', valueOf: 1 }), url })
    expect(response.json().detail).toContain('Unknown property; allowed: inputs')
  })

  it('explains how to send a batch instead of a text pair', async () => {
    expect((await predict(app, { inputs: ['a', 'b'] })).json().detail).toContain('{"inputs": [["first"], ["second"]]}')
  })

  it('reports that the body is not UTF-8', async () => {
    expect((await app.inject(raw(Buffer.from([0x22, 0xff, 0x22])))).json().detail).toBe('The body is not valid UTF-8')
  })

  it('never repeats a text in an error', async () => {
    const response = await predict(app, { text: 'my secret', texts: ['my secret'] })
    expect(response.body).not.toContain('secret')
  })

  it('answers any body with a status of the contract', async () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant(''), fc.array(fc.string()), fc.array(fc.array(fc.string())), fc.jsonValue())
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc.record({ text: texts, texts, inputs: texts, truncate: fc.oneof(fc.boolean(), fc.jsonValue()) }, { requiredKeys: [] })
    )
    await fc.assert(fc.asyncProperty(bodies, async (body) => {
      const response = await app.inject(json(body))
      expect([200, 400, 413, 422]).toContain(response.statusCode)
    }), { numRuns: 300 })
  })

  it('answers any bytes with a status of the contract', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), async (body) => {
      expect([400, 413]).toContain((await app.inject(raw(`{${body}`))).statusCode)
    }), { numRuns: 200 })
  })

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a request without Host', 'GET /health HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['two Host headers', 'GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n', 400],
    ['an empty Host', 'GET /health HTTP/1.1\r\nhost:\r\n\r\n', 400],
    ['an invalid Host', 'GET /health HTTP/1.1\r\nhost: a/b\r\n\r\n', 400],
    ['a transfer coding other than chunked', 'POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 400],
    ['chunks in HTTP/1.0', 'POST /predict HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['headers over the limit', `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`, 431]
  ])('answers %s and closes the connection', async (_case, bytes, status) => {
    const answer = await sendBytes(app, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('application/problem+json')
  })

  it.each([
    ['an unknown expectation', 'GET /health/live HTTP/1.1\r\nhost: x\r\nexpect: more\r\nconnection: close\r\n\r\n'],
    ['HTTP/1.0 without Host', 'GET /health/live HTTP/1.0\r\n\r\n']
  ])('answers %s like any other request', async (_case, bytes) => {
    const answer = await sendBytes(app, bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*x-request-id: [^]*"live"/)
  })
})
