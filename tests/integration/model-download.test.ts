import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { REPO, spec, useModelStore, WEIGHTS } from '../support/model-store.ts'
import { RecordingProxy } from '../support/recording-proxy.ts'

const store = useModelStore()
afterEach(() => {
  vi.unstubAllEnvs()
  spawnSync('umount', [store.directory])
})

describe('downloads', () => {
  it.each([[true, 20_000], [false, undefined]])('gives up on a hub that always closes the connection at the same byte (resumable: %s)', async (etags, bytes) => {
    store.hub.etags = etags
    store.hub.fail(WEIGHTS, { kind: 'cut', ...(bytes !== undefined && { bytes: 0 }) })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(store.hub.requestsFor(WEIGHTS).length).toBeLessThanOrEqual(4)
    expect(store.logger.lines.filter((line) => line.includes('Download interrupted')).length).toBeGreaterThan(0)
  })

  it.each([['3600', 20], [new Date(Date.now() + 3_600_000).toUTCString(), 20], ['0', 0]])('waits as long as Retry-After requests, within a bound: %s', async (retryAfter, waitMs) => {
    store.hub.fail('config.json', { kind: 'status', status: 429, retryAfter, times: 1 })
    await store.create({ retry: { attempts: 3, baseMs: 50_000, maxMs: 50_000, maxRetryAfterMs: 20 } }).ensure(spec)
    expect(store.logger.lines.find((line) => line.includes('Download interrupted'))).toContain(`"retryInMs":${waitMs}`)
  })

  it.each(['ftp://example.org/model', 'file:///etc/passwd', 'data:application/json,{}'])('follows no redirect to another scheme: %s', async (location) => {
    store.hub.fail('config.json', { kind: 'redirect', location })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringContaining('is not followed') })
    expect(store.hub.requestsFor('config.json')).toHaveLength(1)
  })

  it('stops when more bytes arrive than announced', async () => {
    store.hub.fail(WEIGHTS, { kind: 'oversize' })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'DamagedModelError', message: expect.stringContaining('announced bytes') })
  })

  it('warns before it sends a token over plain http', async () => {
    await expect(store.create({ endpoint: 'http://hub.invalid', token: 'hf_secret', retry: { attempts: 1 } }).ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(store.logger.lines.join()).toContain('HF_TOKEN is sent unencrypted')
    expect(store.logger.lines.join()).not.toContain('hf_secret')
  })

  it('does not warn about a hub on this machine', async () => {
    await store.create({ token: 'hf_secret' }).ensure(spec)
    expect(store.logger.lines.join()).not.toContain('unencrypted')
  })
})

describe('proxies', () => {
  let proxy: RecordingProxy
  beforeEach(async () => {
    proxy = await RecordingProxy.start()
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) vi.stubEnv(name, '')
  })
  afterEach(() => proxy.close())

  it.each(['HTTP_PROXY', 'http_proxy'])('sends every request of a download through the proxy of %s', async (name) => {
    vi.stubEnv(name, `http://user:pa%40ss@${proxy.address}`)
    const model = await store.create().ensure(spec)
    expect(await readFile(join(model.directory, WEIGHTS))).toEqual(await readFile(join(TINY_ROBERTA, WEIGHTS)))
    expect(proxy.requests).toHaveLength(store.hub.requests.length)
    expect(proxy.requests[0]).toBe(`GET ${store.hub.url}/${REPO}/resolve/main/config.json`)
    expect(new Set(proxy.credentials)).toEqual(new Set(['user:pa@ss']))
  })

  it('uses a proxy without a scheme as an HTTP proxy', async () => {
    vi.stubEnv('HTTP_PROXY', proxy.address)
    await store.create().ensure(spec)
    expect(proxy.requests).toHaveLength(store.hub.requests.length)
  })

  it.each(['127.0.0.1', '*', 'example.org, 127.0.0.1'])('does not use the proxy for hosts in NO_PROXY=%s', async (hosts) => {
    vi.stubEnv('HTTP_PROXY', `http://${proxy.address}`)
    vi.stubEnv('NO_PROXY', hosts)
    await store.create().ensure(spec)
    expect(proxy.requests).toEqual([])
  })

  it('sends a CONNECT to the proxy of HTTPS_PROXY for a hub with https', async () => {
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.address}`)
    await expect(store.create({ endpoint: 'https://hub.invalid', retry: { attempts: 1 } }).ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(proxy.requests).toEqual(['CONNECT hub.invalid:443'])
  })

  it.each([
    ['http://user:secret@proxy:notaport', 'HTTP_PROXY is not a valid URL'],
    ['socks5://user:secret@127.0.0.1:1080', 'HTTP_PROXY must be the address of an HTTP proxy, which starts with http:// or https://']
  ])('reports a proxy address that cannot be used without its password: %s', async (address, reason) => {
    vi.stubEnv('HTTP_PROXY', address)
    await expect(store.create({ retry: { attempts: 1 } }).ensure(spec)).rejects.toThrow(reason)
    expect(store.logger.lines.join()).not.toContain('secret')
  })
})

/** Mounts a file system of this size in memory; false if this user may not. */
function mountSmall (path: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status === 0
}

describe('MODEL_DIR', () => {
  it('reports a full disk, and succeeds with the next attempt once space is free (needs root to mount a file system)', async ({ skip }) => {
    if (!mountSmall(store.directory, 'size=64k')) return skip()
    const error = await store.create().ensure(spec).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'ModelStorageError', retryable: true })
    expect((error as Error).message).toContain(`cannot use ${store.directory}: no space left (ENOSPC). Free space there, or set MODEL_DIR`)
    spawnSync('mount', ['-o', 'remount,size=16m', store.directory])
    expect(await store.create().ensure(spec)).toMatchObject({ spec })
  })

  it('reports a read-only file system (needs root to mount a file system)', async ({ skip }) => {
    if (!mountSmall(store.directory, 'size=64k,ro')) return skip()
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'ModelStorageError', message: expect.stringMatching(/cannot use .*: (the file system is read-only \(EROFS\)|the folder cannot be created \(ENOENT\)).*writable/) })
  })

  it('reports a MODEL_DIR that is a file or below a file', async () => {
    const file = join(store.directory, 'file')
    await writeFile(file, '')
    for (const path of [file, join(file, 'models')]) {
      await expect(store.create({ directory: path }).ensure(spec)).rejects.toMatchObject({
        name: 'ModelStorageError', message: expect.stringMatching(/cannot use .*file.*: a part of the path is a file, not a folder/)
      })
    }
  })

  it('reports a directory in place of a model file', async () => {
    await mkdir(join(store.directory, REPO, 'main', 'config.json'), { recursive: true })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'ModelStorageError', message: expect.stringContaining('set MODEL_DIR') })
  })
})
