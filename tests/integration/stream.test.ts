import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import { countComputedTexts, predict, startApp, type TestAppOptions } from '../support/app.ts'
import { readLines, openStream, sendLines } from '../support/ndjson.ts'

async function listening (options: TestAppOptions = {}): Promise<{ app: FastifyInstance, port: number }> {
  const app = await startApp(options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}
const line = (text: string, rest: object = {}): string => `${JSON.stringify({ text, ...rest })}\n`
const idle = (app: FastifyInstance) => vi.waitFor(() => {
  const { queue } = app.modelManager.requireModel()
  expect([queue.depth, queue.running]).toEqual([0, 0])
}, { timeout: 30_000 })

describe('POST /predict with application/x-ndjson', () => {
  it('answers every line of a body over BODY_LIMIT_BYTES in order, as if the text had been sent alone', async () => {
    const { app, port } = await listening({ env: { BODY_LIMIT_BYTES: '1024' } })
    const texts = Array.from({ length: 3000 }, (_, index) => `${'so '.repeat(index % 20)}good ${index % 700}`)
    const { response, lines } = await sendLines(port, texts.map((text, id) => line(text, { id })).join(''))
    expect(response.headers['content-type']).toBe('application/x-ndjson')
    expect(response.headers['x-request-id']).toBeTruthy()
    expect(lines.map(({ id }) => id)).toEqual(texts.map((_text, index) => index))
    for (let index = 0; index < texts.length; index += 501) {
      const alone = (await predict(app, { text: texts[index] })).json()
      expect(lines[index]).toEqual({ ...alone, id: index, cached: expect.any(Boolean) })
    }
  })

  it('answers an invalid line with an error and continues', async () => {
    const { port } = await listening({ env: { BODY_LIMIT_BYTES: '1024', MAX_TEXT_LENGTH: '50' } })
    const body = Buffer.concat([
      '"a text"\r\n', '{oops\n', '\n', ' \t\r\n', '[1]\n', '42\n', '{"text":""}\n', `"${'a'.repeat(51)}"\n`, `"${'a'.repeat(1100)}"\n`,
      '{"text":"a","id":9007199254740993}\n', '{"text":"a","inputs":"b"}\n', '{"text":"a","truncate":"no","id":7}\n', '{}\n', '{"text":1}\n',
      Buffer.from([0x22, 0xff, 0x22, 0x0a]), '{"text":" ","id":"mine"}\n', '{"text":"last"}'
    ].map((part) => Buffer.from(part)))
    const { response, lines } = await sendLines(port, body)
    expect(response.statusCode).toBe(200)
    expect(lines.map((answer) => answer.code === undefined ? answer.label === undefined ? 'nothing' : 'answer' : `${answer.line} ${answer.status} ${answer.code}`)).toEqual([
      'answer', '2 400 VALIDATION', '5 400 VALIDATION', '6 400 VALIDATION', '7 422 EMPTY_TEXT', '8 422 TEXT_TOO_LONG', '9 413 LINE_TOO_LONG',
      '10 400 VALIDATION', '11 400 VALIDATION', '12 400 VALIDATION', '13 400 VALIDATION', '14 400 VALIDATION', '15 400 VALIDATION', '16 422 EMPTY_TEXT', 'answer'
    ])
    expect(lines[4]).toEqual({
      line: 7, type: 'urn:sentiment:problem:empty-text', title: 'Empty text', status: 422, detail: 'Text 7 is empty or blank', code: 'EMPTY_TEXT', requestId: response.headers['x-request-id']
    })
    expect(lines[13]).toMatchObject({ id: 'mine', code: 'EMPTY_TEXT' })
  })

  it('answers a line before the next one is sent, and an empty body with an empty answer', async () => {
    const { port } = await listening()
    const client = openStream(port)
    client.request.flushHeaders()
    const response = await client.response
    for (const text of ['one', 'two']) {
      client.request.write(line(text, { id: text }))
      const [chunk] = await once(response, 'data') as [Buffer]
      expect(JSON.parse(chunk.toString())).toMatchObject({ id: text, label: expect.any(String) })
    }
    client.request.end()
    expect((await sendLines(port, '')).lines).toEqual([])
  })

  it('stops computing for a client that stops reading, and continues once it reads again', async () => {
    const { app, port } = await listening()
    const count = 60_000
    const id = 'i'.repeat(120)
    const computed = await countComputedTexts(app)
    const client = openStream(port)
    let sent = 0
    const send = (): void => {
      // Most answers come from memory and fill the buffers of the operating system; every twentieth text must be computed.
      while (sent < count) if (!client.request.write(line(sent++ % 20 === 0 ? `text ${sent}` : 'the same', { id }))) return
    }
    client.request.on('drain', send)
    send()
    const response = await client.response
    let before = 0
    const untilStopped = () => vi.waitFor(async () => {
      const last = before
      before = await computed()
      expect(before).toBe(last)
      expect(before).toBeGreaterThan(1)
    }, { timeout: 30_000, interval: 300 })
    await untilStopped()
    await idle(app)
    const stopped = await computed()
    expect(stopped).toBeLessThan(count / 20)
    expect(sent).toBeLessThan(count)
    response.resume()
    await vi.waitFor(async () => { expect(await computed()).toBeGreaterThan(stopped + 20) }, { timeout: 30_000 })
    client.request.destroy()
    await idle(app)
  })

  it('removes the texts of a disconnected client from the queue', async () => {
    const { app, port } = await listening({ env: { CACHE_MAX_ENTRIES: '0' } })
    const computed = await countComputedTexts(app)
    const client = openStream(port)
    for (let index = 0; index < 2000; index++) client.request.write(line(`${'long '.repeat(200)} ${index}`))
    await vi.waitFor(async () => { expect(await computed()).toBeGreaterThan(4) }, { timeout: 30_000, interval: 10 })
    client.request.destroy()
    await idle(app)
    expect(await computed()).toBeLessThan(1000)
    expect((await predict(app, { text: 'still here' })).statusCode).toBe(200)
  })

  it('waits while the queue is full, and is served as one request', async () => {
    const { app, port } = await listening({ env: { CACHE_MAX_ENTRIES: '0', QUEUE_LIMIT: '8', MAX_BATCH_SIZE: '8', INFERENCE_WORKERS: '1' } })
    const long = 'long '.repeat(100)
    const streaming = { on: true }
    const statuses = new Set<number>()
    const others = Promise.all(Array.from({ length: 12 }, async (_, client) => {
      for (let count = 0; streaming.on; count++) statuses.add((await predict(app, { text: `${long} ${client} ${count}` })).statusCode)
    }))
    await vi.waitFor(() => { expect(statuses).toContain(503) }, { timeout: 30_000 })
    const { lines } = await sendLines(port, Array.from({ length: 20 }, (_, index) => line(`${long} line ${index}`)).join(''))
    streaming.on = false
    await others
    expect(lines.filter(({ label }) => label !== undefined)).toHaveLength(20)
    expect(statuses).toEqual(new Set([200, 503]))
  })

  it('answers a single text long before it has answered a stream of 400 lines', async () => {
    const { app, port } = await listening({ env: { CACHE_MAX_ENTRIES: '0', INFERENCE_WORKERS: '1' } })
    const client = openStream(port)
    client.request.end(Array.from({ length: 400 }, (_, index) => line(`${'long '.repeat(300)} ${index}`)).join(''))
    const response = await client.response
    let answered = 0
    response.on('data', (chunk: Buffer) => { answered += chunk.toString().split('\n').length - 1 })
    await vi.waitFor(() => { expect(answered).toBeGreaterThan(0) }, { timeout: 30_000, interval: 1 })
    const computed = await countComputedTexts(app)
    expect((await predict(app, { text: 'a single text' })).statusCode).toBe(200)
    // The text in progress, the next one, the single text itself, and those that were computed during the answer and both scrapes.
    expect(await computed()).toBeLessThan(20)
    client.request.destroy()
    await idle(app)
  })

  it('ends the stream of an idle client with a last line REQUEST_TIMEOUT', async () => {
    const { port } = await listening({ limits: { streamIdleMs: 100 } })
    const client = openStream(port)
    client.request.write(`${line('one')}{"text":"never finis`)
    const lines = await readLines(await client.response)
    expect(lines).toMatchObject([{ label: expect.any(String) }, { line: 2, status: 408, code: 'REQUEST_TIMEOUT' }])
  })

  it('answers the lines that it has read at shutdown, and names the line to resend from', async () => {
    const { app, port } = await listening()
    const client = openStream(port)
    client.request.write(line('one') + line('two'))
    const response = await client.response
    await once(response, 'readable')
    const closed = app.close()
    const lines = await readLines(response)
    expect(lines).toMatchObject([{ label: expect.any(String) }, { label: expect.any(String) }, { line: 3, status: 503, code: 'NOT_READY' }])
    await closed
  })

  it('fails like any other request before the first line', async () => {
    const { port } = await listening({ ready: false })
    const client = openStream(port)
    client.request.end(line('too early'))
    const response = await client.response
    expect([response.statusCode, response.headers['content-type']]).toEqual([503, 'application/problem+json'])
    expect(response.headers['retry-after']).toBeTruthy()
  })

  it('closes the connection of a client whose body ends early', async () => {
    const { port } = await listening()
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n8\r\n"hello"\n\r\n')
    let answer = ''
    socket.on('data', (chunk) => { answer += String(chunk) })
    await vi.waitFor(() => { expect(answer).toContain('label') }, { timeout: 20_000 })
    socket.write('no chunk\r\n')
    await once(socket, 'close')
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
  })
})
