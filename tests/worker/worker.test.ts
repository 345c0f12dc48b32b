import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import type { LoadMessage, ReadyMessage, RunMessage, RunResultMessage, TextResult } from '../../src/inference/protocol.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { BUILT_WORKER } from '../support/app.ts'

/** The real worker, with the fixture model. */
async function startWorker (batching: boolean) {
  const worker = new Worker(BUILT_WORKER)
  onTestFinished(async () => { await worker.terminate() })
  const load = async (batching: boolean): Promise<ReadyMessage> => {
    worker.postMessage({ type: 'load', options: { directory: TINY_ROBERTA, dtype: 'q8', batching } } satisfies LoadMessage)
    return (await once(worker, 'message'))[0] as ReadyMessage
  }
  const run = async (texts: string[]): Promise<RunResultMessage> => {
    worker.postMessage({ type: 'run', texts } satisfies RunMessage)
    return (await once(worker, 'message'))[0] as RunResultMessage
  }
  return { load, run, ready: await load(batching) }
}

it('runs texts together if the model is loaded with batching', async () => {
  const { run, ready } = await startWorker(true)
  expect(ready).toMatchObject({ type: 'ready', maxTextsPerRun: 4 })
  expect(await run(['one', 'two'])).toMatchObject({ type: 'run-result', outcomes: [{ runTexts: 2 }, { runTexts: 2 }] })
})

it('runs each text alone if the texts together fail', async () => {
  const { run } = await startWorker(false)
  const { outcomes: together } = await run(['one', 'two'])
  const { outcomes: [one] } = await run(['one'])
  const { outcomes: [two] } = await run(['two'])
  expect(together).toMatchObject([{ runTexts: 1, logits: (one as TextResult).logits }, { runTexts: 1, logits: (two as TextResult).logits }])
})

it('computes the same logits after its model was loaded again with batching', async () => {
  const { load, run } = await startWorker(false)
  const before = await run(['one'])
  expect(await load(true)).toMatchObject({ type: 'ready', maxTextsPerRun: 4 })
  const after = await run(['one'])
  expect(after.outcomes).toMatchObject([{ logits: (before.outcomes[0] as TextResult).logits }])
})
