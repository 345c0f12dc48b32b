import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished, vi } from 'vitest'
import { findProgram } from '../support/find-program.ts'
import { freePort } from '../support/free-port.ts'
import { Service } from '../support/service.ts'

/** docs/examples/nginx.conf with a real nginx and a certificate for sentiment.example.org, in front of a real service. */
class Proxy {
  readonly httpPort: number
  readonly #port: number
  readonly #certificate: Buffer

  private constructor (httpPort: number, port: number, certificate: Buffer) {
    this.httpPort = httpPort
    this.#port = port
    this.#certificate = certificate
  }

  /** @param change edits the example's text further */
  static async start (env: Record<string, string> = {}, change = (text: string): string => text): Promise<Proxy> {
    const nginx = findProgram(['nginx'], 'nginx')
    if (nginx === undefined) throw new Error('This test needs nginx: install it (apt install nginx, brew install nginx)')
    const service = await Service.start({ MODEL_NAME: 'compact', TRUST_PROXY: 'true', ...env })
    await service.until('ok')
    const directory = await mkdtemp(join(tmpdir(), 'nginx-'))
    const key = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=sentiment.example.org',
      '-addext', 'subjectAltName=DNS:sentiment.example.org', '-keyout', join(directory, 'privkey.pem'), '-out', join(directory, 'fullchain.pem')])
    expect(key.status, String(key.stderr)).toBe(0)
    const [httpPort, port] = [await freePort(), await freePort()]
    const example = (await readFile('docs/examples/nginx.conf', 'utf8'))
      .replace('listen 80;', `listen 127.0.0.1:${httpPort};`)
      .replace('listen 443 ', `listen 127.0.0.1:${port} `)
      .replace('127.0.0.1:8000', `127.0.0.1:${service.port}`)
      .replaceAll('/etc/ssl/sentiment', directory)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')
    await writeFile(join(directory, 'nginx.conf'), `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1;
pid ${directory}/pid; error_log stderr; events {} http { access_log off; ${temporary}\n${change(example)}\n}`)
    const child = spawn(nginx, ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => { log += chunk })
    onTestFinished(async () => {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
      await rm(directory, { recursive: true, force: true })
    })
    const proxy = new Proxy(httpPort, port, await readFile(join(directory, 'fullchain.pem')))
    await vi.waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`nginx exited:\n${log}`)
      expect((await proxy.send('/health')).status).toBe(200)
    }, { timeout: 60_000, interval: 100 })
    return proxy
  }

  /** Opens a request over TLS; the certificate is verified. */
  open (path: string, options: RequestOptions = {}): ClientRequest {
    return request({ host: '127.0.0.1', port: this.#port, servername: 'sentiment.example.org', ca: this.#certificate, path, agent: false, ...options, headers: { host: 'sentiment.example.org', ...options.headers } })
  }

  async send (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number, headers: IncomingMessage['headers'], body: string }> {
    const sending = this.open(path, body === undefined ? { headers } : { method: 'POST', headers: { 'content-type': 'application/json', ...headers } })
    sending.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = await once(sending, 'response') as [IncomingMessage]
    return { status: response.statusCode as number, headers: response.headers, body: (await response.setEncoding('utf8').toArray()).join('') }
  }
}

it('nginx terminates TLS, redirects plain HTTP and keeps metrics private', async () => {
  const proxy = await Proxy.start()
  const answer = await proxy.send('/predict', { text: 'I love this!' })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.body)).toMatchObject({ label: 'positive', model: 'compact' })
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
  expect((await proxy.send('/metrics')).status).toBe(404)
  const redirect = await fetch(`http://127.0.0.1:${proxy.httpPort}/docs`, { redirect: 'manual' })
  expect([redirect.status, redirect.headers.get('location')]).toEqual([308, 'https://127.0.0.1/docs'])
})

it('nginx passes a stream line by line in both directions', async () => {
  const proxy = await Proxy.start()
  const sending = proxy.open('/predict', { method: 'POST', headers: { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' } })
  sending.write('"the first line"\n')
  const [response] = await once(sending, 'response') as [IncomingMessage]
  const lines = createInterface({ input: response })[Symbol.asyncIterator]()
  // The second line is sent only after the first answer: neither side may buffer.
  expect(JSON.parse((await lines.next()).value as string)).toHaveProperty('label')
  sending.end('{"text": "the second line", "id": 2}\n')
  expect(JSON.parse((await lines.next()).value as string)).toMatchObject({ id: 2 })
  expect((await lines.next()).done).toBe(true)
})

it('the service counts requests by the address that nginx forwards, not by the one that the client claims', async () => {
  const proxy = await Proxy.start({ RATE_LIMIT_TEXTS_PER_MINUTE: '2' })
  const statuses = []
  for (const claimed of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    statuses.push((await proxy.send('/predict', { text: 'whose address' }, { 'x-forwarded-for': claimed })).status)
  }
  expect(statuses).toEqual([200, 200, 429])
})

it('nginx answers a flood from one address with 429 and Retry-After', async () => {
  // A low limit, which a slow machine exceeds, too.
  const proxy = await Proxy.start({}, (text) => text.replace('rate=50r/s', 'rate=1r/m').replace('burst=100', 'burst=20'))
  const answers = await Promise.all(Array.from({ length: 40 }, () => proxy.send('/info')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
  const limited = answers.find(({ status }) => status === 429)
  expect(limited?.headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '1' })
  expect(JSON.parse(limited?.body ?? '')).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
})
