import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { Service, type Answer } from '../support/service.ts'
import { TestRedis } from '../support/redis.ts'

const TINY = { MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA }
interface KeptAnswer { status: number | undefined, body: unknown, connection: string | undefined, port: number | undefined }

/** A GET on a connection of `agent`; `port` is the client's, so equal ports are one connection. */
function send (service: Service, path: string, agent: Agent): Promise<KeptAnswer> {
  return new Promise((resolve, reject) => {
    request({ port: service.port, path, agent }, (response) => {
      let text = ''
      const { localPort } = response.socket
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
        .on('end', () => { resolve({ status: response.statusCode, body: JSON.parse(text), connection: response.headers.connection, port: localPort }) })
    }).on('error', reject).end()
  })
}

const SOMAXCONN = '/proc/sys/net/core/somaxconn'

describe('start', () => {
  it('listens immediately, and logs its configuration without secrets', async () => {
    const service = await Service.start({ ...TINY, HF_TOKEN: 'hf_secret' })
    await service.until('ok')
    const [line] = service.lines.filter((item) => item.includes('"Starting"'))
    expect(JSON.parse(line as string).config).toMatchObject({ MODEL_NAME: 'compact', HF_TOKEN: '(set)' })
    expect(service.lines.join()).not.toContain('hf_secret')
  })

  it.each([
    [{ API_PORT: 'eighty' }, 'API_PORT must be a whole number from 0 to 65535, not "eighty"'],
    [{ MODEL_NAME: '../etc' }, 'MODEL_NAME must be a model id such as owner/name, or compact, not "../etc"']
  ])('fails for %j with one line', async (env, message) => {
    const service = await Service.start(env)
    expect(await service.exited()).toBe(1)
    await vi.waitFor(() => { expect(service.lines).toHaveLength(1) })
    expect(service.lines[0]).toContain(message)
  })

  it('fails with one line if the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => { other.listen(0, '127.0.0.1', resolve) })
    onTestFinished(() => { other.close() })
    const { port } = other.address() as { port: number }
    const service = await Service.start({ ...TINY, LOG_LEVEL: 'silent', API_PORT: String(port) })
    expect(await service.exited()).toBe(1)
    await vi.waitFor(() => { expect(service.lines).toEqual([expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`)]) })
  })
})

describe('serving', () => {
  it('writes only log lines to standard output, without warnings of Node', async () => {
    const service = await Service.start(TINY)
    await service.until('ok')
    const texts = Array.from({ length: 64 }, (_, index) => `text ${index}`)
    const response = await fetch(`http://127.0.0.1:${service.port}/predict`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ texts })
    })
    expect(response.status).toBe(200)
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(0)
    expect(service.lines.filter((line) => !line.startsWith('{"level":'))).toEqual([])
  })

  it('accepts a burst of a thousand connections while it is busy', async () => {
    const service = await Service.start(TINY)
    await service.until('ok')
    service.signal('SIGSTOP')
    // The system's own limit: macOS has 128.
    const limit = existsSync(SOMAXCONN) ? Number(readFileSync(SOMAXCONN, 'utf8')) : 128
    const sockets = Array.from({ length: Math.min(1000, limit) }, () => connect({ host: '127.0.0.1', port: service.port }))
    onTestFinished(() => { for (const socket of sockets) socket.destroy() })
    await vi.waitFor(() => { expect(sockets.filter(({ connecting }) => connecting)).toHaveLength(0) }, { timeout: 5000 })
    service.signal('SIGCONT')
    await service.until('ok')
  })
})

describe('stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('answers every accepted request after %s under load, and exits with 0', async (signal) => {
    const redis = await TestRedis.start()
    onTestFinished(() => redis.close())
    const service = await Service.start({ ...TINY, REDIS_URL: redis.url, LOG_LEVEL: 'debug' })
    await service.until('ok')
    const answers: Answer[] = []
    const refused: unknown[] = []
    const client = async (name: number): Promise<void> => {
      for (let count = 0; refused.length === 0; count++) {
        try {
          answers.push(await service.predict(`${'long '.repeat(100)} ${name} ${count}`))
        } catch (error) {
          refused.push((error as { cause?: { code?: string } }).cause?.code)
        }
      }
    }
    const clients = Promise.all(Array.from({ length: 8 }, (_, index) => client(index)))
    await vi.waitFor(() => { expect(answers.length).toBeGreaterThan(20) })
    service.signal(signal)
    expect(await service.exited()).toBe(0)
    await clients
    expect(new Set(answers.map(({ status, body }) => status === 200 ? 'answered' : body.code))).toEqual(
      new Set(answers.some(({ status }) => status !== 200) ? ['answered', 'NOT_READY'] : ['answered']))
    // Every answer of the service has arrived, and no accepted request was dropped.
    const logged = service.lines.filter((line) => line.includes('"route":"/predict"')).map((line) => JSON.parse(line).statusCode as number)
    expect(logged.filter((status) => status === 200)).toHaveLength(answers.filter(({ status }) => status === 200).length)
    expect(logged).not.toContain(499)
  })

  it('exits with 0 while workers compute for callers that have disconnected', async () => {
    const service = await Service.start({ MODEL_NAME: 'compact', CACHE_MAX_ENTRIES: '0' })
    await service.until('ok')
    const client = new AbortController()
    const requests = Array.from({ length: 6 }, (_, index) => fetch(`http://127.0.0.1:${service.port}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: `${'a long text '.repeat(200)} ${index}` }),
      signal: client.signal
    }).catch(() => undefined))
    await vi.waitFor(async () => {
      const { body } = await service.get('/health') as unknown as { body: { queue: { depth: number } } }
      expect(body.queue.depth).toBeGreaterThan(0)
    }, { interval: 1 })
    client.abort()
    await Promise.all(requests)
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(0)
  })

  it('announces the shutdown on new and kept connections, and answers requests, until SHUTDOWN_DELAY_MS is over', async () => {
    const service = await Service.start({ ...TINY, SHUTDOWN_DELAY_MS: '60000' })
    await service.until('ok')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => { agent.destroy() })
    const kept = await send(service, '/health', agent)
    service.signal('SIGTERM')
    await vi.waitFor(() => { expect(service.lines.join()).toContain('finishing requests in flight') })
    const announced = await send(service, '/health', agent)
    expect(announced).toMatchObject({ status: 503, body: { status: 'stopping' }, connection: 'close', port: kept.port })
    for (const path of ['/health', '/health/ready']) expect(await service.get(path)).toMatchObject({ status: 503, body: { status: 'stopping' } })
    expect((await service.get('/health/live')).status).toBe(200)
    expect((await service.predict('still answered')).status).toBe(200)
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(1)
  })

  it('closes the listener and exits with 0 when SHUTDOWN_DELAY_MS is over', async () => {
    const service = await Service.start({ ...TINY, SHUTDOWN_DELAY_MS: '300' })
    await service.until('ok')
    const client = (async () => {
      const statuses: number[] = []
      for (;;) {
        const answer = await service.predict('until the listener closes').catch(() => undefined)
        if (answer === undefined) return statuses
        statuses.push(answer.status)
      }
    })()
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(0)
    expect((await client).filter((status) => status === 200).length).toBeGreaterThan(0)
  })

  it('announces the shutdown while the model is loading', async () => {
    const hub = createServer()
    await new Promise<void>((resolve) => { hub.listen(0, '127.0.0.1', resolve) })
    onTestFinished(() => { hub.close() })
    const service = await Service.start({
      MODEL_NAME: 'someone/model', HF_ENDPOINT: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`, SHUTDOWN_DELAY_MS: '5000'
    })
    await service.until('starting')
    service.signal('SIGTERM')
    await service.until('stopping')
    expect(await service.exited()).toBe(0)
  })

  it('exits immediately on a second signal', async () => {
    const service = await Service.start({ ...TINY, SHUTDOWN_GRACE_MS: '60000' })
    await service.until('ok')
    // A request whose body never ends keeps the first signal waiting.
    const body = new ReadableStream({ start: (controller) => { controller.enqueue(new TextEncoder().encode('{"text":')) } })
    const pending = fetch(`http://127.0.0.1:${service.port}/predict`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half'
    } as RequestInit).catch(() => undefined)
    await vi.waitFor(async () => { expect((await service.get('/health')).status).toBe(200) })
    service.signal('SIGTERM')
    await vi.waitFor(() => { expect(service.lines.join()).toContain('finishing requests in flight') })
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(1)
    await pending
  })
})
