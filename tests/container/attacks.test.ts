import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { ATTACKS } from '../support/attacks.ts'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds } from './support/wait.ts'

const KEYS = { attacker: 'key-of-the-hostile-caller', other: 'key-of-some-other-caller' }
const PROBES = 30

let stack: Stack

beforeAll(async () => {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag'), env: { API_KEYS: `attacker:${KEYS.attacker},other:${KEYS.other}` } })
  await stack.make('up')
  await stack.untilStatus('ok')
})

afterAll(async () => { await stack.remove() })

async function predict (text: string): Promise<number> {
  const { status } = await fetch(`${stack.url}/predict`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.other}` }, body: JSON.stringify({ text })
  })
  return status
}

it.each(Object.keys(ATTACKS))('lives within its default memory limit and answers other clients under attack by %s', async (name) => {
  const id = await stack.container('api')
  const attack = ATTACKS[name]?.({ port: Number(new URL(stack.url).port), key: KEYS.attacker })
  const statuses = new Set<number>()
  let slowest = 0
  for (let probe = 0; probe < PROBES; probe++) {
    const start = performance.now()
    expect((await fetch(`${stack.url}/health/live`)).status).toBe(200)
    slowest = Math.max(slowest, performance.now() - start)
    statuses.add(await predict(`text ${probe} during ${name}`))
    await delay(100)
  }
  await attack
  report(`${name}: /health/live within ${seconds(slowest)}, memory ${await docker('stats', '--no-stream', '--format', '{{ .MemUsage }}', id)}`)
  expect([...statuses]).toEqual([200])
  expect(await inspect(id, '.State')).toMatchObject({ OOMKilled: false, Running: true })
  expect(await inspect(id, '.RestartCount')).toBe(0)
})
