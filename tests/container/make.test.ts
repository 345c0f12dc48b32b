import { readFile } from 'node:fs/promises'
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

it('make up in a clean clone starts both services and prints a curl command that works', async () => {
  const began = performance.now()
  const { stdout } = await stack.make('up')
  report(`make up took ${seconds(performance.now() - began)}`)
  expect(stdout).toContain('Created .env from .env.example')
  expect(await readFile(join(checkout, '.env'), 'utf8')).toBe(await readFile(join(checkout, '.env.example'), 'utf8'))
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

it('make up without a change restarts nothing', async () => {
  const before = await stack.container('api')
  await stack.make('up')
  expect(await stack.container('api')).toBe(before)
})

it('make ps, logs, shell, model-pull, restart and image-size work', async () => {
  expect((await stack.make('ps')).stdout).toContain('(healthy)')
  const logs = await run('timeout', ['5', 'make', 'logs'], { cwd: checkout, env: stack.env, allow: [124, 130, 143, 2] })
  expect(logs.stdout).toContain('"level"')
  expect((await run('make', ['shell'], { cwd: checkout, env: stack.env, input: 'id -u\n' })).stdout.trim()).toBe('1000')
  expect((await stack.make('model-pull', 'MODEL=compact')).stdout).toContain('compact is in /app/embedded/compact')
  await stack.make('restart')
  await stack.untilStatus('ok')
  expect((await stack.make('image-size')).stdout).toMatch(/total \d+ MB/)
})

it('make down keeps the volume, and make clean removes it after a confirmation', async () => {
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

/** A `docker` program (undefined: none), and the message that make prints with it. */
const broken: ReadonlyArray<readonly [string, string | undefined, string]> = [
  ['no Docker', undefined, 'Docker is missing: install'],
  ['no engine', '#!/bin/sh\n[ "$1" != info ]\n', 'The Docker engine does not respond: start Docker'],
  ['no Compose', '#!/bin/sh\n[ "$1" != compose ]\n', 'Docker Compose v2 is missing: install'],
  ['Compose v1', '#!/bin/sh\n[ "$1" = compose ] && echo "docker-compose version 1.29.2, build 5becea4c"\nexit 0\n', 'Docker Compose v2 is missing: install']
]

it.each(broken)('with %s, make up and the other targets name what is missing', async (_, script, message) => {
  for (const target of ['up', 'down', 'dev-up', 'image', 'clean']) {
    const { stdout } = await run('make', [target], { cwd: checkout, env: { ...stack.env, PATH: await pathWith(script) }, allow: [2] })
    expect(stdout, target).toContain(message)
  }
})

/** Returns a PATH with only the programs that the Makefile needs and this `docker`. */
async function pathWith (script: string | undefined): Promise<string> {
  const tools = 'for tool in bash sh sed awk git test cp grep make; do ln -sf "$(command -v "$tool")" "bare/$tool"; done'
  const make = script === undefined ? '' : '; cat > bare/docker; chmod +x bare/docker'
  await run('bash', ['-c', `rm -rf bare; mkdir bare; ${tools}${make}`], { cwd: checkout, input: script ?? '' })
  return join(checkout, 'bare')
}
