import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { cleanCheckout, removeCheckout } from './support/checkout.ts'
import { docker, inspect, run } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, seconds, waitFor } from './support/wait.ts'

let checkout: string
let stack: Stack
let up: ChildProcess
let output = ''

beforeAll(async () => {
  checkout = await cleanCheckout()
  // The development image has a fixed name: use another one, so that the user's image stays as it is.
  const compose = join(checkout, 'docker/docker-compose.dev.yml')
  await writeFile(compose, (await readFile(compose, 'utf8')).replace('sentiment-service:development', `sentiment-service:${inject('tag')}-development`))
  stack = await Stack.create({ checkout, tag: inject('tag') })
  up = spawn('make', ['dev-up'], { cwd: checkout, env: { ...process.env, ...stack.env }, stdio: 'pipe' })
  for (const stream of [up.stdout, up.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  await Promise.race([
    stack.untilStatus('ok', 240_000),
    once(up, 'exit').then(() => { throw new Error(`make dev-up exited:\n${output.slice(-4000)}`) })
  ])
})

afterAll(async () => {
  await stack.remove()
  await run('docker', ['image', 'rm', '--force', `sentiment-service:${inject('tag')}-development`], { allow: [1] })
  await removeCheckout(checkout)
})

it('make dev-up serves src from a read-only bind mount as uid 1000, and reloads when it changes', async () => {
  const id = await stack.container('api')
  const mounts = await inspect<Array<{ Type: string, Destination: string, Source: string, RW: boolean }>>(id, '.Mounts')
  expect(mounts).toContainEqual(expect.objectContaining({ Type: 'bind', Destination: '/app/src', Source: join(checkout, 'src'), RW: false }))
  expect(await stack.evaluate<number>('console.log(process.getuid())')).toBe(1000)
  await stack.predict('before the change')

  const began = performance.now()
  const version = join(checkout, 'src/logger.ts')
  await writeFile(version, (await readFile(version, 'utf8')).replace(/^export const VERSION = .*$/m, 'export const VERSION = \'0.0.0-changed\''))
  await waitFor('the changed version', async () =>
    (await stack.health()).body.version === '0.0.0-changed' ? true : undefined, 60_000)
  report(`time until a change in src is served: ${seconds(performance.now() - began)}`)
  await stack.untilStatus('ok')
  await stack.predict('after the change')
})

it('make dev-up prints a type error in src, and serves the corrected file', async () => {
  const version = join(checkout, 'src/logger.ts')
  const right = await readFile(version, 'utf8')
  await appendFile(version, '\nexport const WRONG: number = \'no number\'\n')
  await waitFor('the compiler\'s message', async () => output.includes('error TS2322') ? true : undefined, 60_000)
  await writeFile(version, right.replace('0.0.0-changed', '0.0.0-corrected'))
  await waitFor('the corrected version', async () =>
    (await stack.health()).body.version === '0.0.0-corrected' ? true : undefined, 60_000)
  expect(await docker('inspect', '--format', '{{ .RestartCount }}', await stack.container('api'))).toBe('0')
})
