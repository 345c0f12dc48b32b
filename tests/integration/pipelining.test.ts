import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { scrape } from '../support/scrape.ts'

/** More than are processed at the same time. */
const REQUESTS = 40

const request = (type: string, body: string): string =>
  `POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

it.each([
  ['single texts', 'application/json', '{"text":"hello"}'],
  ['streams', 'application/x-ndjson', '"hello"\n']
])('ends all pipelined requests (%s) of a client that disconnects', async (_name, type, body) => {
  const app = await startApp({ env: { INFERENCE_WORKERS: '1' }, workerUrl: new URL('../fixtures/workers/fragile.mjs', import.meta.url) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => { socket.destroy() })
  const inFlight = async (): Promise<number> => (await scrape(app)).get('sentiment_http_requests_in_flight') ?? 0
  const alone = await inFlight()
  // The answers to all others wait for the first one.
  const marker = join(tmpdir(), `fragile-${randomUUID()}`)
  onTestFinished(() => rm(marker, { force: true }))
  const hang = JSON.stringify({ text: `hang always ${marker}` })
  socket.write(request('application/json', hang) + request(type, body).repeat(REQUESTS))
  await vi.waitFor(async () => expect(await inFlight()).toBeGreaterThan(alone + 10), { timeout: 20_000, interval: 10 })
  socket.destroy()
  await vi.waitFor(async () => expect(await inFlight()).toBe(alone), { timeout: 20_000, interval: 20 })
})

it('closes the connection of a client that pipelines invalid URLs, and ignores the requests after them', async () => {
  const app = await startApp()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => { socket.destroy() })
  socket.on('error', () => {})
  const before = await scrape(app)
  socket.write('GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500) + 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500))
  let answer = ''
  socket.on('data', (data) => { answer += String(data) })
  await new Promise((resolve) => { socket.once('close', resolve) })
  expect(answer.split('HTTP/1.1 400').length - 1).toBeLessThanOrEqual(1)
  const after = await scrape(app)
  for (const name of ['sentiment_http_requests_in_flight', 'sentiment_errors_total{code="internal"}']) expect(after.get(name)).toBe(before.get(name))
})
