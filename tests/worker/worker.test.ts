import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import type { AnswerMessage, LoadMessage, ReadyMessage, RunMessage, TextResult } from '../../src/inference/protocol.ts'
import { NextRun } from '../../src/inference/next-run.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { BUILT_WORKER } from '../support/app.ts'

/** The real worker, with the fixture model. */
async function startWorker (lanes: boolean) {
  const worker = new Worker(BUILT_WORKER)
  onTestFinished(async () => { await worker.terminate() })
  const next = new NextRun()
  const seat = next.seat()
  const load = async (lanes: boolean): Promise<ReadyMessage> => {
    worker.postMessage({ type: 'load', startup: { directory: TINY_ROBERTA, dtype: 'q8', lanes }, seat } satisfies LoadMessage)
    return (await once(worker, 'message'))[0] as ReadyMessage
  }
  const run = async (texts: string[]): Promise<AnswerMessage> => {
    worker.postMessage({ type: 'run', texts } satisfies RunMessage)
    return (await once(worker, 'message'))[0] as AnswerMessage
  }
  return { worker, next, load, run, ready: await load(lanes) }
}

it('runs texts together, and takes those that lie ready when it has answered', async () => {
  const { worker, next, run, ready } = await startWorker(true)
  expect(ready).toMatchObject({ type: 'ready', lanes: 4 })
  next.put(['three', 'and four'])
  expect(await run(['one', 'two'])).toMatchObject({ took: true, outcomes: [{ runTexts: 2 }, { runTexts: 2 }] })
  expect((await once(worker, 'message'))[0]).toMatchObject({ took: false, outcomes: [{ runTexts: 2 }, { runTexts: 2 }] })
})

it('runs each text alone where that cannot be', async () => {
  const { run } = await startWorker(false)
  const { outcomes: together } = await run(['one', 'two'])
  const { outcomes: [one] } = await run(['one'])
  const { outcomes: [two] } = await run(['two'])
  expect(together).toMatchObject([{ runTexts: 1, logits: (one as TextResult).logits }, { runTexts: 1, logits: (two as TextResult).logits }])
})

it('loads its model another time in another way, and gives the same numbers', async () => {
  const { load, run } = await startWorker(false)
  const before = await run(['one'])
  expect(await load(true)).toMatchObject({ type: 'ready', lanes: 4 })
  const after = await run(['one'])
  expect(after.outcomes).toMatchObject([{ logits: (before.outcomes[0] as TextResult).logits }])
})
