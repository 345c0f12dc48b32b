import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { cleanCheckout, removeCheckout } from './support/checkout.ts'
import { docker, run } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds } from './support/wait.ts'

let checkout: string
let stack: Stack

beforeAll(async () => {
  checkout = await cleanCheckout()
  stack = await Stack.create({ checkout, tag: inject('tag') })
})

afterAll(async () => {
  await stack.remove()
  await removeCheckout(checkout)
})

it('make up from a clean clone: both services healthy, the printed curl answers', async () => {
  const began = performance.now()
  const { stdout } = await stack.make('up')
  report(`make up took ${seconds(performance.now() - began)}`)
  await access(join(checkout, '.env'))
  for (const service of ['api', 'redis']) {
    const id = await stack.container(service)
    expect(await docker('inspect', '--format', '{{ .State.Health.Status }}', id), service).toBe('healthy')
  }
  expect(stdout).toContain(`Serving on ${stack.url}`)
  const curl = /curl .*/.exec(stdout)?.[0]
  expect(curl).toBeDefined()
  const answer = JSON.parse((await run('bash', ['-c', curl as string])).stdout) as { label: string, model: string }
  expect(answer).toMatchObject({ label: 'positive', model: 'compact' })
  expect((await stack.health()).body).toMatchObject({ status: 'ok', cache: { redis: 'up' } })
})

it('make up again without a change restarts nothing', async () => {
  const before = await stack.container('api')
  await stack.make('up')
  expect(await stack.container('api')).toBe(before)
})

it('make ps, restart and image-size work', async () => {
  expect((await stack.make('ps')).stdout).toContain('(healthy)')
  await stack.make('restart')
  await stack.untilStatus('ok')
  expect((await stack.make('image-size')).stdout).toMatch(/total \d+ MB/)
})

it('make down keeps the volume, make clean asks before it removes it', async () => {
  const volume = `${stack.project}_model-data`
  const volumes = async (): Promise<string[]> => (await docker('volume', 'ls', '--format', '{{ .Name }}')).split('\n')
  await stack.make('down')
  expect(await stack.container('api')).toBe('')
  expect(await volumes()).toContain(volume)
  const env = { ...stack.env, IMAGE_TAG: 'none' }
  const refused = await run('make', ['clean'], { cwd: checkout, env, input: 'n\n', allow: [2] })
  expect(refused.stdout).toContain('Nothing removed')
  expect(await volumes()).toContain(volume)
  await run('make', ['clean'], { cwd: checkout, env, input: 'y\n' })
  expect(await volumes()).not.toContain(volume)
})

it('make up without docker compose v2 says what is missing', async () => {
  const { stdout } = await run('make', ['up'], { cwd: checkout, env: { ...stack.env, DOCKER_CONFIG: checkout, PATH: await bareClient() }, allow: [2] })
  expect(stdout).toContain('Docker Compose v2 is missing')
})

/** A PATH whose `docker` knows no plugin. */
async function bareClient (): Promise<string> {
  const script = '#!/bin/sh\n[ "$1" != compose ]\n'
  await run('bash', ['-c', 'mkdir -p bare && cat > bare/docker && chmod +x bare/docker'], { cwd: checkout, input: script })
  return `${join(checkout, 'bare')}:${process.env.PATH}`
}
