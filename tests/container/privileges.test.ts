import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag'), env: { REDIS_PASSWORD: 'privileges-test' } })
  await stack.make('up')
})

afterAll(async () => { await stack.remove() })

/** Every folder of the container that its user can make a file in, found by asking for each. */
const WRITABLE = `
  const { accessSync, constants, lstatSync, readdirSync } = require('node:fs')
  const found = []
  const walk = (path) => {
    try { accessSync(path, constants.W_OK); found.push(path); return } catch {}
    let entries = []
    try { entries = readdirSync(path, { withFileTypes: true }) } catch { return }
    for (const entry of entries) if (entry.isDirectory() && path + entry.name !== '/proc') walk((path === '/' ? '' : path) + '/' + entry.name)
  }
  walk('/')
  console.log(JSON.stringify(found))`

it('runs as uid 1000, and can write to the model volume and /tmp alone', async () => {
  expect(await stack.evaluate<number>('console.log(process.getuid())')).toBe(1000)
  const writable = await stack.evaluate<string[]>(WRITABLE)
  // POSIX message queues: the kernel's own, and no place for files.
  expect(writable.filter((path) => path !== '/dev/mqueue').sort()).toEqual(['/app/models', '/tmp'])
  expect(await inspect(await stack.container('api'), '.HostConfig.ReadonlyRootfs')).toBe(true)
})

it.each(['api', 'redis'])('%s: no capability, no new privileges, limits on memory, CPU and processes', async (service) => {
  const id = await stack.container(service)
  const pid = await inspect<number>(id, '.State.Pid')
  // Seen from within: the host's /proc is not there on every machine.
  const status = await docker('exec', id, ...readStatus(service))
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status).toMatch(new RegExp(`${set}:\\s+0+$`, 'm'))
  expect(status).toMatch(/NoNewPrivs:\s+1/)
  expect(status).not.toMatch(/Uid:\s+0/)
  expect(pid).toBeGreaterThan(0)
  const host = await inspect<Record<string, unknown>>(id, '.HostConfig')
  expect(host).toMatchObject({ ReadonlyRootfs: true, Privileged: false, Init: true, RestartPolicy: { Name: 'unless-stopped' } })
  for (const limit of ['Memory', 'NanoCpus', 'PidsLimit']) expect(host[limit], limit).toBeGreaterThan(0)
  expect(host.MemorySwap).toBe(host.Memory)
  expect(host.LogConfig).toMatchObject({ Config: { 'max-size': '10m', 'max-file': '3' } })
})

it('publishes the service on loopback and Redis nowhere', async () => {
  const ports = await inspect<Record<string, Array<{ HostIp: string }> | null>>(await stack.container('api'), '.NetworkSettings.Ports')
  expect(Object.values(ports).flat().map((port) => port?.HostIp)).toEqual(['127.0.0.1'])
  const redis = await inspect<Record<string, unknown[] | null>>(await stack.container('redis'), '.NetworkSettings.Ports')
  expect(Object.values(redis).flatMap((port) => port ?? [])).toEqual([])
})

it('Redis takes its password and keeps nothing on disk', async () => {
  const id = await stack.container('redis')
  const cli = async (...args: string[]): Promise<string> => await docker('exec', id, 'redis-cli', ...args)
  expect(await docker('exec', '--env', 'REDISCLI_AUTH=', id, 'redis-cli', 'ping')).toContain('NOAUTH')
  expect(await cli('config', 'get', 'maxmemory-policy')).toContain('allkeys-lru')
  expect(await cli('config', 'get', 'save')).toBe('save')
  expect(await cli('config', 'get', 'appendonly')).toContain('no')
  expect(Number((await cli('config', 'get', 'maxmemory')).split('\n')[1])).toBeGreaterThan(0)
  await stack.predict('the password works')
  expect((await stack.health()).body.cache.redis).toBe('up')
})

function readStatus (service: string): string[] {
  return service === 'api'
    ? ['node', '-e', 'process.stdout.write(require("node:fs").readFileSync("/proc/1/status"))']
    : ['cat', '/proc/1/status']
}
