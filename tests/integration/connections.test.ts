import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { freePort } from '../support/free-port.ts'

async function keepAliveClient (env: Record<string, string>): Promise<() => Promise<{ status?: number, connection?: string, port?: number }>> {
  const app: FastifyInstance = await startApp({ env })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => { agent.destroy() })
  return () => new Promise((resolve, reject) => {
    const body = JSON.stringify({ text: 'hello' })
    const sent = request({ port, agent, path: '/predict', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length } }, (response) => {
      const { statusCode: status, headers: { connection }, socket: { localPort } } = response
      response.resume().on('end', () => { resolve({ ...(status && { status }), ...(connection && { connection }), ...(localPort && { port: localPort }) }) })
    })
    sent.on('error', reject).end(body)
  })
}

it('closes a connection that has reached CONNECTION_MAX_AGE_MS after an answer, and answers the next one', async () => {
  const send = await keepAliveClient({ CONNECTION_MAX_AGE_MS: '100' })
  const first = await send()
  expect(first.connection).toBe('keep-alive')
  const last = await vi.waitFor(async () => {
    const answer = await send()
    expect(answer).toEqual({ status: 200, connection: 'close', port: first.port })
    return answer
  }, { timeout: 20_000, interval: 10 })
  const next = await send()
  expect(next).toMatchObject({ status: 200, connection: 'keep-alive' })
  expect(next.port).not.toBe(last.port)
})

it('keeps connections open by default', async () => {
  const send = await keepAliveClient({})
  const first = await send()
  for (let count = 0; count < 20; count++) expect(await send()).toEqual(first)
})

it.each([
  ['nothing', ''],
  ['half of its headers', 'GET /health/live HTTP/1.1\r\nHost: a'],
  ['half of its body', 'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"text"'],
  ['half of the headers of its second request', 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /health/live HTTP/1.1\r\nHost']
])('shuts down although a client has sent %s', async (_name, bytes) => {
  const app = await startApp({ limits: { incompleteRequestMs: 100, checkMs: 50 } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => { socket.destroy() })
  const accepted = once(app.server, 'connection')
  socket.on('error', () => {})
  if (bytes !== '') socket.write(bytes)
  await accepted
  if (bytes.startsWith('POST')) await vi.waitFor(() => { expect(app.metrics.http.inFlight).toBe(1) })
  if (bytes.startsWith('GET') && bytes.includes('\r\n\r\n')) await once(socket, 'data')
  await app.close()
})

it('shuts down although clients of every port and address have sent nothing', async () => {
  const metricsPort = await freePort()
  const app = await startApp({ env: { API_HOST: 'localhost', METRICS_PORT: String(metricsPort) }, limits: { incompleteRequestMs: 100, checkMs: 50 } })
  await app.listen({ host: 'localhost', port: 0 })
  for (const { address, port } of [...app.addresses() as AddressInfo[], { address: 'localhost', port: metricsPort }]) {
    const socket = connect(port, address).on('error', () => {})
    onTestFinished(() => { socket.destroy() })
    await once(socket, 'connect')
  }
  await app.close()
})
