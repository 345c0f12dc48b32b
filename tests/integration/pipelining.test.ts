import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
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

/** Starts the service, and returns a function that connects to it and collects what it sends. */
async function listen (): Promise<{ app: FastifyInstance, open: () => { socket: Socket, received: () => string, closed: Promise<unknown> } }> {
  const app = await startApp()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    app,
    open: () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      onTestFinished(() => { socket.destroy() })
      let text = ''
      socket.on('data', (data) => { text += String(data) })
      return { socket, received: () => text, closed: new Promise((resolve) => { socket.once('close', resolve) }) }
    }
  }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const count = (text: string, status: number): number => text.split(`HTTP/1.1 ${status}`).length - 1

it('answers pipelined requests in order, also those with invalid URLs', async () => {
  const { app, open } = await listen()
  const before = await scrape(app)
  const { socket, received } = open()
  socket.write((get('/%zz') + get('/nothing')).repeat(250) + get('/health/live'))
  await vi.waitFor(() => expect(count(received(), 200)).toBe(1), { timeout: 20_000, interval: 20 })
  expect(received().match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual([...Array.from({ length: 250 }, () => ['400', '404']).flat(), '200'])
  const after = await scrape(app)
  for (const name of ['sentiment_http_requests_in_flight', 'sentiment_errors_total{code="internal"}']) expect(after.get(name)).toBe(before.get(name))
})

it('closes connections that pipeline more requests than may wait, and then answers as many as before', async () => {
  const { open } = await listen()
  const clients = Array.from({ length: 10 }, open)
  for (const { socket } of clients) socket.write(get('/health/live').repeat(2000))
  await Promise.any(clients.map(({ closed }) => closed))
  for (const { socket } of clients) socket.destroy()
  await Promise.all(clients.map(({ closed }) => closed))
  const { socket, received } = open()
  socket.write(get('/health/live').repeat(3000))
  await vi.waitFor(() => expect(count(received(), 200)).toBe(3000), { timeout: 30_000, interval: 20 })
})
