import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag') })
  await stack.make('up')
})

afterAll(async () => { await stack.remove() })

/** Lists every directory of the container that its user can write to. */
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

it('the service runs as uid 1000 and can write only to the model volume and /tmp', async () => {
  expect(await stack.evaluate<number>('console.log(process.getuid())')).toBe(1000)
  const writable = await stack.evaluate<string[]>(WRITABLE)
  // The kernel's POSIX message queues: no file can be created there.
  expect(writable.filter((path) => path !== '/dev/mqueue').sort()).toEqual(['/app/models', '/tmp'])
  expect(await inspect(await stack.container('api'), '.HostConfig.ReadonlyRootfs')).toBe(true)
})

it.each(['api', 'redis'])('%s runs without capabilities, cannot gain privileges, and has limits on memory, CPU and processes', async (service) => {
  const id = await stack.container(service)
  const pid = await inspect<number>(id, '.State.Pid')
  // Read inside the container: not every host has /proc.
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

it('Compose publishes the service on loopback and does not publish Redis', async () => {
  const ports = await inspect<Record<string, Array<{ HostIp: string }> | null>>(await stack.container('api'), '.NetworkSettings.Ports')
  expect(Object.values(ports).flat().map((port) => port?.HostIp)).toEqual(['127.0.0.1'])
  const redis = await inspect<Record<string, unknown[] | null>>(await stack.container('redis'), '.NetworkSettings.Ports')
  expect(Object.values(redis).flatMap((port) => port ?? [])).toEqual([])
})

it('Redis requires its password and stores nothing on disk', async () => {
  const id = await stack.container('redis')
  const cli = async (...args: string[]): Promise<string> =>
    await docker('exec', '--env', `REDISCLI_AUTH=${await redisPassword()}`, id, 'redis-cli', ...args)
  expect(await docker('exec', id, 'redis-cli', 'ping')).toContain('NOAUTH')
  expect(await cli('config', 'get', 'maxmemory-policy')).toContain('allkeys-lru')
  expect(await cli('config', 'get', 'save')).toBe('save')
  expect(await cli('config', 'get', 'appendonly')).toContain('no')
  expect(Number((await cli('config', 'get', 'maxmemory')).split('\n')[1])).toBeGreaterThan(0)
  await stack.predict('the password works')
  expect((await stack.health()).body.cache.redis).toBe('up')
})

/** The password that `make up` generated. */
async function redisPassword (): Promise<string> {
  const url = await readFile(join(inject('checkout'), 'docker/secrets/redis_url'), 'utf8')
  return new URL(url.trim()).password
}

it('the Redis password is in no command line, environment variable, configuration or log', async () => {
  const password = await redisPassword()
  expect(password).toMatch(/^[0-9a-f]{48}$/)
  expect((await stack.compose('config')).stdout).not.toContain(password)
  for (const service of ['api', 'redis']) {
    const id = await stack.container(service)
    expect(await docker('inspect', id), service).not.toContain(password)
    expect(await docker('logs', id), service).not.toContain(password)
    expect(await docker('top', id, '-eo', 'pid,args'), service).not.toContain(password)
  }
  const environments = await stack.evaluate<string>(`
    const { readdirSync, readFileSync } = require('node:fs')
    const read = (pid) => { try { return readFileSync('/proc/' + pid + '/environ', 'utf8') } catch { return '' } }
    console.log(JSON.stringify(readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).map(read).join('')))`)
  expect(environments).toContain('REDIS_URL_FILE')
  expect(environments).not.toContain(password)
})

it('make up generates the Redis password once, in a directory that only its owner can read', async () => {
  const before = await redisPassword()
  await stack.make('up')
  expect(await redisPassword()).toBe(before)
  expect((await stat(join(inject('checkout'), 'docker/secrets'))).mode & 0o777).toBe(0o700)
})

function readStatus (service: string): string[] {
  return service === 'api'
    ? ['node', '-e', 'process.stdout.write(require("node:fs").readFileSync("/proc/1/status"))']
    : ['cat', '/proc/1/status']
}
