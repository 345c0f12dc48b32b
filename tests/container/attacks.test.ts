import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { API_KEYS, attack, ATTACK_NAMES, MAX_GROWTH_MIB, settle } from '../support/attacks.ts'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds } from './support/wait.ts'

let stack: Stack
let id: string
let port: number
/** Resident memory before the attack, in MiB. */
let idle: number

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag'), env: { API_KEYS } })
  await stack.make('up')
  id = await stack.container('api')
  port = Number(new URL(stack.url).port)
})

beforeEach(async () => {
  // A new process: the one before keeps memory for its next requests.
  await docker('restart', '--time', '0', id)
  await stack.untilStatus('ok')
  idle = await settle(port)
})

afterAll(async () => { await stack.remove() })

it.each(ATTACK_NAMES)('lives within its default memory limit and answers other clients under attack by %s', async (name) => {
  const { slowest, peak } = await attack(name, port)
  const used = await docker('stats', '--no-stream', '--format', '{{ .MemUsage }}', id)
  report(`${name}: /health/live within ${seconds(slowest)}, resident memory ${idle.toFixed(0)} to ${peak.toFixed(0)} MiB, container ${used}`)
  expect(peak - idle).toBeLessThan(MAX_GROWTH_MIB)
  expect(await inspect(id, '.State')).toMatchObject({ OOMKilled: false, Running: true })
  expect(await inspect(id, '.RestartCount')).toBe(0)
})
