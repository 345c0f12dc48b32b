import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { ContainerHub, MODEL } from './support/hub.ts'
import { docker, run } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { reportTime } from './support/wait.ts'

const TOKEN = 'hf_container_test_0123456789'
let hub: ContainerHub
let stack: Stack

beforeAll(async () => {
  hub = await ContainerHub.start()
  hub.hub.token = TOKEN
  stack = await Stack.create({
    checkout: inject('checkout'),
    tag: inject('tag'),
    env: { MODEL_NAME: MODEL, HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN }
  })
})

afterAll(async () => {
  await stack.remove()
  await hub.close()
})

it('the first start downloads the model from the hub into the volume', async () => {
  await stack.make('up')
  expect(await stack.predict('I love this!')).toMatchObject({ label: 'positive', model: MODEL })
  expect(hub.hub.requestsFor('onnx/model_quantized.onnx').length).toBeGreaterThan(0)
})

it('the volume survives make down and make up: the next start makes no request to the hub and takes at most 3 s', async () => {
  await stack.make('down')
  const before = hub.hub.requests.length
  await stack.make('up')
  expect(await stack.predict('again')).toMatchObject({ model: MODEL })
  expect(hub.hub.requests.slice(before)).toEqual([])
  // Measured from the container's start, without the time that Compose takes before and after.
  const took = await stack.secondStart(3000)
  reportTime('second start', took, 3000)
  expect(hub.hub.requests.slice(before)).toEqual([])
})

it('the hub token appears in no log and in no file of the volume', async () => {
  expect(await docker('logs', await stack.container('api'))).not.toContain(TOKEN)
  const files = await stack.evaluate<number>(`
    const { readdirSync, readFileSync } = require('node:fs')
    const files = readdirSync('/app/models', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    if (files.some((entry) => readFileSync(entry.parentPath + '/' + entry.name).includes('${TOKEN}'))) throw new Error('token')
    console.log(files.length)`)
  expect(files).toBeGreaterThan(2)
})

it('an image with a baked model answers without a network, and the hub token is in none of its layers', async () => {
  const tag = `${inject('tag')}-baked`
  const image = `sentiment-service:${tag}`
  // Builds use the host's network.
  const env = { ...stack.env, IMAGE_TAG: tag, BAKE_MODEL: MODEL, HF_ENDPOINT: `http://127.0.0.1:${hub.port}` }
  const name = `${stack.project}-baked`
  try {
    await run('make', ['image'], { cwd: inject('checkout'), env })
    expect(await docker('history', '--no-trunc', image)).not.toContain(TOKEN)
    expect(await docker('image', 'inspect', image)).not.toContain(TOKEN)
    const { stdout } = await run('bash', ['-c', `set -o pipefail; docker save ${image} | grep -a -c ${TOKEN}`], { allow: [1] })
    expect(stdout.trim()).toBe('0')
    await docker('run', '--detach', '--name', name, '--network', 'none', '--env', `MODEL_NAME=${MODEL}`, image)
    const script = 'fetch(\'http://127.0.0.1:8000/health\').then((r) => r.json()).then((b) => console.log(b.status + \' \' + b.model.name), () => console.log(\'-\'))'
    const began = performance.now()
    while (await docker('exec', name, 'node', '-e', script) !== `ok ${MODEL}`) {
      if (performance.now() - began > 60_000) throw new Error(await docker('logs', name))
    }
  } finally {
    await run('docker', ['rm', '--force', '--volumes', name], { allow: [1] })
    await run('docker', ['image', 'rm', '--force', image], { allow: [1] })
  }
})
