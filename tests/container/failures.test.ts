import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { Traffic } from './support/traffic.ts'
import { report, reportTime, seconds, waitFor } from './support/wait.ts'

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag') })
  await stack.make('up')
})

afterAll(async () => { await stack.remove() })

/** Kills the service itself, not the container's init process: Docker does not restart a container after `docker kill`. */
const KILL = `
  const { readdirSync, readFileSync } = require('node:fs')
  const command = (pid) => { try { return readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0') } catch { return [] } }
  const pid = readdirSync('/proc').find((name) => /^[0-9]+$/.test(name) && name !== '1' && command(name).includes('dist/server.js'))
  process.kill(Number(pid), 'SIGKILL')
  console.log(pid)`

it('a killed process is restarted and healthy again, with an outage of less than 10 s', async () => {
  const id = await stack.container('api')
  const traffic = new Traffic(stack)
  await waitFor('traffic', async () => traffic.samples.length > 20 ? true : undefined)
  expect(traffic.failures).toEqual([])
  // The container may stop before `exec` returns an exit code.
  await docker('exec', id, 'node', '-e', KILL).catch(() => undefined)
  const restarts = await waitFor('a restart', async () => {
    const count = await inspect<number>(id, '.RestartCount')
    return count > 0 ? count : undefined
  })
  expect(restarts).toBe(1)
  await stack.untilStatus('ok')
  const answered = traffic.samples.length
  await waitFor('answers after the restart', async () => traffic.samples.slice(answered).some(({ ok }) => ok) ? true : undefined)
  await traffic.stop()
  report(`requests refused during the restart: ${traffic.failures.length}`)
  reportTime('outage after a kill', traffic.outage, 10_000)
  await stack.untilHealthy('api')
})

async function countRedisWarnings (): Promise<number> {
  const logs = await docker('logs', await stack.container('api'))
  return logs.split('\n').filter((line) => line.includes('Redis unavailable')).length
}

it('predictions keep working while Redis is stopped, and /health answers degraded, then ok', async () => {
  await stack.untilStatus('ok')
  const traffic = new Traffic(stack)
  await waitFor('traffic', async () => traffic.samples.length > 20 ? true : undefined)
  const warnings = await countRedisWarnings()
  await stack.compose('stop', 'redis')
  const degraded = await stack.untilStatus('degraded')
  expect(degraded.cache.redis).toBe('down')
  expect((await stack.health()).code).toBe(200)
  const during = traffic.samples.length
  await waitFor('answers without Redis', async () => traffic.samples.length > during + 50 ? true : undefined)
  expect(await countRedisWarnings() - warnings).toBe(1)
  await stack.compose('start', 'redis')
  const began = performance.now()
  await stack.untilStatus('ok', 90_000)
  report(`time from Redis's start until it is used again: ${seconds(performance.now() - began)}`)
  await traffic.stop()
  report(`predictions while Redis was down: ${traffic.samples.length}, the slowest ${seconds(traffic.outage)}`)
  expect(traffic.failures).toEqual([])
  expect(await countRedisWarnings() - warnings).toBeLessThanOrEqual(2)
})
