import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LONGEST_ANSWERED, writeHangingModel } from '../fixtures/hanging-model.ts'
import { Service } from '../support/service.ts'
import { createTemporaryDirectory, startTinyHub } from '../support/tiny-hub.ts'

const REPO = 'test/tiny-roberta'
const isRoot = process.getuid?.() === 0
/** An unprivileged user: root may read and write everywhere. */
const NOBODY = isRoot ? 65_534 : undefined

describe('a worker that hangs in native code', () => {
  const start = async (env: Record<string, string>): Promise<Service> => {
    const models = await createTemporaryDirectory()
    await writeHangingModel(join(models, 'test/hanging/main'))
    const service = await Service.start({
      MODEL_NAME: 'test/hanging', MODEL_DIR: models, MODEL_DTYPE: 'fp32', HF_ENDPOINT: 'http://127.0.0.1:1', INFERENCE_WORKERS: '1', ...env
    })
    await service.until('ok', 'test/hanging')
    expect((await service.predict('good day')).status).toBe(200)
    return service
  }
  const LONG = 'good '.repeat(LONGEST_ANSWERED)

  it('ends the process after the grace period although a worker hangs in native code', async () => {
    const service = await start({ SHUTDOWN_GRACE_MS: '500' })
    const pending = service.predict(LONG).catch(() => undefined)
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${service.port}/metrics`)).text()
      expect(metrics).toContain('sentiment_workers{state="busy"} 1')
    })
    service.signal('SIGTERM')
    expect(await service.killedBy()).toBe('SIGKILL')
    expect(service.lines.join()).toContain('Requests were still in flight after the grace period')
    await pending
  })

  it('ends the process although a worker hangs in native code whose text was answered with an error', async () => {
    const service = await start({ PREDICT_TIMEOUT_MS: '500' })
    expect((await service.predict(LONG)).status).toBeGreaterThanOrEqual(500)
    service.signal('SIGTERM')
    await service.exited()
    expect(service.lines.join()).toContain('Stopped')
  })
})

describe('MODEL_DIR', () => {
  /** Mounts a file system in memory; unmounted when the test ends. */
  function mount (path: string, options: string): void {
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status).toBe(0)
    onTestFinished(() => { spawnSync('umount', [path]) })
  }

  it.runIf(isRoot)('reports a MODEL_DIR that is full, read-only or not accessible, and downloads the model once that is repaired (needs root)', async () => {
    const hub = await startTinyHub(REPO)
    const folder = await createTemporaryDirectory()
    await chmod(folder, 0o755)
    const [full, readOnly, locked] = ['full', 'read-only', 'locked'].map((name) => join(folder, name)) as [string, string, string]
    for (const path of [full, readOnly, locked]) await mkdir(path)
    mount(full, 'size=64k')
    mount(readOnly, 'size=16m,ro')
    await chmod(locked, 0o700)
    const cases = [
      { path: full, reason: 'no space left (ENOSPC). Free space there', repair: ['mount', '-o', 'remount,size=16m', full] },
      { path: readOnly, reason: 'writable', repair: ['mount', '-o', 'remount,rw,size=16m', readOnly] },
      { path: locked, reason: 'permission denied (EACCES). Give the user of the service read and write access', repair: ['chown', String(NOBODY), locked], uid: NOBODY }
    ]
    await Promise.all(cases.map(async ({ path, reason, repair: [program = '', ...args], uid }) => {
      const service = await Service.start({ MODEL_NAME: REPO, HF_ENDPOINT: hub.url, MODEL_DIR: path, INFERENCE_WORKERS: '1' }, uid)
      await service.until('down')
      const [line, ...others] = service.lines.filter((item) => item.includes('cannot be loaded; no model answers'))
      expect(JSON.parse(line ?? '')).toMatchObject({ reason: expect.stringContaining(`cannot use ${path}: `), retried: true })
      expect(line).toContain(reason)
      expect(others).toEqual([])
      expect(spawnSync(program, args).status).toBe(0)
      await service.until('ok', REPO, 120_000)
      expect(service.lines.join()).not.toContain('.damaged')
    }))
  })

  it.runIf(!isRoot && process.platform !== 'win32')('reports a MODEL_DIR without permission (needs another user than root)', async () => {
    const hub = await startTinyHub(REPO)
    const folder = await createTemporaryDirectory()
    await chmod(folder, 0)
    onTestFinished(() => chmod(folder, 0o700))
    const service = await Service.start({ MODEL_NAME: REPO, HF_ENDPOINT: hub.url, MODEL_DIR: folder })
    await service.until('down')
    expect(service.lines.join()).toContain('permission denied (EACCES)')
  })
})

describe('a hub with https', () => {
  it('trusts a hub whose certificate is signed by a private CA, and does not follow its redirect to http', async () => {
    const folder = await createTemporaryDirectory()
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const openssl = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate])
    expect(openssl.status, String(openssl.stderr)).toBe(0)
    const plain = await startTinyHub(REPO)
    const requested: string[] = []
    const hub = createHttpsServer({ key: await readFile(key), cert: await readFile(certificate) }, (request, response) => {
      requested.push(request.url ?? '')
      response.writeHead(302, { location: `${plain.url}${request.url}` }).end()
    }).listen(0, 'localhost')
    await once(hub, 'listening')
    onTestFinished(() => { hub.close() })
    const service = await Service.start({
      MODEL_NAME: REPO,
      MODEL_DIR: folder,
      HF_TOKEN: 'hf_secret',
      NODE_EXTRA_CA_CERTS: certificate,
      HF_ENDPOINT: `https://localhost:${(hub.address() as AddressInfo).port}`
    })
    await service.until('down')
    expect(service.lines.join()).toContain(`a redirect to ${plain.url} is not followed`)
    expect(requested).toEqual([`/${REPO}/resolve/main/config.json`])
    expect(plain.requests).toEqual([])
  })
})

/** Makes Node write a line once the service has registered its handler of SIGTERM: a signal before that ends Node itself. */
const ANNOUNCE_HANDLER = `data:text/javascript,${encodeURIComponent("process.on('newListener', (name) => { if (name === 'SIGTERM') setImmediate(() => { process.stderr.write('handles SIGTERM\\n') }) })")}`

describe('the first second of a start', () => {
  it.each([0, 50, 150, 300, 500, 800])('exits with 0 on SIGTERM %i ms after the service has begun to run', async (ms) => {
    const service = await Service.start({ MODEL_NAME: 'compact', NODE_OPTIONS: `--import=${ANNOUNCE_HANDLER}` })
    await vi.waitFor(() => { expect(service.lines).toContain('handles SIGTERM') }, { interval: 1 })
    await delay(ms)
    service.signal('SIGTERM')
    expect([await service.exited(), await service.killedBy()]).toEqual([0, null])
    expect(service.lines.filter((line) => !line.startsWith('{"level":30') && line !== 'handles SIGTERM')).toEqual([])
  })

  it.each(['API_PORT', 'METRICS_PORT'])('reports that the port of %s is in use before a model is requested from the hub', async (key) => {
    const hub = await startTinyHub(REPO)
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => { other.close() })
    const { port } = other.address() as AddressInfo
    const service = await Service.start({ MODEL_NAME: REPO, HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory(), LOG_LEVEL: 'warn', [key]: String(port) })
    expect(await service.exited()).toBe(1)
    await vi.waitFor(() => { expect(service.lines).toEqual([`Port ${port} on 127.0.0.1 is in use: stop the process that listens there, or set ${key}`]) })
    expect(hub.requests).toEqual([])
  })
})
