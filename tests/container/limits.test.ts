import { availableParallelism } from 'node:os'
import { afterEach, expect, inject, it } from 'vitest'
import { docker, inspect } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds } from './support/wait.ts'

let stack: Stack | undefined

afterEach(async () => { await stack?.remove() })

async function start (env: Record<string, string>): Promise<Stack> {
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag'), env })
  await stack.make('up')
  return stack
}

const cases = [['0.5', 1], ['1', 1], ['2', 2]] as const

it.each(cases.filter(([cpus]) => Number(cpus) <= availableParallelism()))('with a quota of %s CPUs the service starts %i worker(s)', async (cpus, workers) => {
  const { body } = await (await start({ API_CPUS: cpus })).health()
  expect(body.workers).toEqual({ ready: workers, total: workers })
})

it('answers 1,000 requests within a memory limit of 384 MiB', async () => {
  const limited = await start({ API_CPUS: '1', API_MEMORY: '384m' })
  const id = await limited.container('api')
  const began = performance.now()
  let next = 0
  const client = async (): Promise<void> => {
    while (next < 1000) await limited.predict(`request ${next++} within limits`)
  }
  await Promise.all(Array.from({ length: 8 }, client))
  report(`1,000 requests on 1 CPU took ${seconds(performance.now() - began)}; memory ${await docker('stats', '--no-stream', '--format', '{{ .MemUsage }}', id)}`)
  expect(await inspect(id, '.State')).toMatchObject({ OOMKilled: false, Running: true })
  expect(await inspect(id, '.RestartCount')).toBe(0)
})
