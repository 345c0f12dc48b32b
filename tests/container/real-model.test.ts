import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { referenceModel } from '../../bench/lib/model.ts'
import { ContainerHub } from './support/hub.ts'
import { docker } from './support/run.ts'
import { Stack } from './support/stack.ts'
import { report, reportTime, seconds } from './support/wait.ts'

/** The default model and its repository. The tests serve a model of its shape, with random weights, under this name. */
const MODEL = 'cardiffnlp/twitter-roberta-base-sentiment-latest'
const REPO = 'Xenova/twitter-roberta-base-sentiment-latest'

let hub: ContainerHub
let stack: Stack

beforeAll(async () => {
  hub = await ContainerHub.start(await referenceModel(), REPO)
  stack = await Stack.create({ checkout: inject('checkout'), tag: inject('tag'), env: { MODEL_NAME: MODEL, HF_ENDPOINT: hub.url } })
})

afterAll(async () => {
  await stack.remove()
  await hub.close()
})

it('a model of the real one\'s size is downloaded once, and ready within 5 s from the volume', async () => {
  const began = performance.now()
  await stack.make('up')
  report(`first start, ${(hub.hub.bytesSent / 1e6).toFixed(0)} MB from a hub on this machine: ${seconds(performance.now() - began)}`)
  await stack.make('down')
  const before = hub.hub.requests.length
  await stack.make('up')
  const took = await stack.secondStart(5000)
  reportTime('second start on the real model\'s size', took, 5000)
  expect(await stack.predict('still here')).toMatchObject({ model: MODEL })
  expect(hub.hub.requests.slice(before)).toEqual([])
})

it('the real model\'s size fits the default memory limit with the default number of workers', async () => {
  for (let index = 0; index < 20; index++) await stack.predict(`text ${index}: ${'a long day with good coffee '.repeat(20)}`)
  const id = await stack.container('api')
  const { body } = await stack.health()
  const used = await docker('stats', '--no-stream', '--format', '{{ .MemUsage }}', id)
  report(`memory with ${body.workers.ready} worker(s) on the real model's size: ${used}`)
  expect(await docker('inspect', '--format', '{{ .State.OOMKilled }} {{ .RestartCount }}', id)).toBe('false 0')
})
