import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startApp } from '../support/app.ts'

const LIMITS = { headersTimeoutMs: 400, bodyTimeoutMs: 400, checkMs: 50 }

async function listen (options: Parameters<typeof startApp>[0] = {}): Promise<{ app: FastifyInstance, port: number }> {
  const app = await startApp(options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** Sends `bytes` and no more; resolves with what came back, once the server closed the connection. */
function send (port: number, bytes: string): { socket: Socket, answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => { socket.destroy() })
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (chunk) => { text += String(chunk) })
  socket.write(bytes)
  return { socket, answer: once(socket, 'close').then(() => text) }
}

const HEAD = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
const predict = (port: number, text: string) => fetch(`http://127.0.0.1:${port}/predict`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text })
})

describe('slow clients', () => {
  it.each([
    ['the headers', 'POST /predict HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['the body', `${HEAD}content-length: 100\r\n\r\n{"text":`],
    ['a body of unknown length', `${HEAD}transfer-encoding: chunked\r\n\r\n8\r\n{"text":\r\n`]
  ])('answers 408 to a client that does not finish %s, and answers others in the meantime', async (_case, bytes) => {
    const { port } = await listen({ limits: LIMITS })
    const done = new AbortController()
    const slow = Promise.all(Array.from({ length: 50 }, () => send(port, bytes).answer)).finally(() => done.abort())
    const others: number[] = []
    for (let count = 0; count < 20 || !done.signal.aborted; count++) others.push((await predict(port, `text ${count}`)).status)
    expect(new Set(others)).toEqual(new Set([200]))
    for (const answer of await slow) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
      expect(answer).toContain('"code":"REQUEST_TIMEOUT"')
      expect(answer.toLowerCase()).toContain('connection: close')
    }
  })

  it('closes the connection of a client that sends single bytes with pauses', async () => {
    const { port } = await listen({ limits: LIMITS })
    const { socket, answer } = send(port, `${HEAD}content-length: 1000\r\n\r\n`)
    const trickle = setInterval(() => { socket.write(' ') }, 20)
    onTestFinished(() => { clearInterval(trickle) })
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('keeps the connection of a client that waits long for its answer', async () => {
    const worker = new URL('../fixtures/workers/fragile.mjs', import.meta.url)
    const { port } = await listen({ limits: { headersTimeoutMs: 50, bodyTimeoutMs: 50, checkMs: 10 }, workerUrl: worker, env: { INFERENCE_WORKERS: '1', PREDICT_TIMEOUT_MS: '800' } })
    expect((await predict(port, `hang always ${join(tmpdir(), randomUUID())}`)).status).toBe(504)
  })

  it('answers 431 to headers that are too large, and answers others in the meantime', async () => {
    const { port } = await listen({ env: { API_KEYS: 'some-key-of-the-test' } })
    const answers = Array.from({ length: 20 }, () => send(port, `GET /info HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'a'.repeat(20_000)}\r\n\r\n`).answer)
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/)
  })

  it('answers clients with a key while another one guesses keys', async () => {
    const { port } = await listen({ env: { API_KEYS: 'some-key-of-the-test' } })
    const info = async (key: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}/info`, { headers: { authorization: `Bearer ${key}` } })).status
    expect(await info('some-key-of-the-test')).toBe(200)
    const guesses = Promise.all(Array.from({ length: 200 }, (_, index) => info(`guess-number-${index}`)))
    for (let count = 0; count < 20; count++) expect(await info('some-key-of-the-test')).toBe(200)
    const codes = await guesses
    expect(codes.filter((code) => code === 401)).toHaveLength(20)
    expect(codes.filter((code) => code === 429)).toHaveLength(180)
  })
})
