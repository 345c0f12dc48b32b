import { once } from 'node:events'
import { pid } from 'node:process'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { threadTimes, timesBetween } from '../../../bench/lib/cpu-time.ts'

it('tells the main thread, the busiest others and the rest apart; a thread that is new has spent all it has', () => {
  const before = new Map([[7, 100], [8, 50], [9, 10]])
  const after = new Map([[7, 101], [8, 70], [9, 12], [10, 30]])
  expect(timesBetween(before, after, 7, 2)).toEqual({ main: 1, workers: 50, rest: 2 })
})

it('has nothing to tell where the process\'s threads cannot be read', () => {
  expect(timesBetween(new Map(), new Map(), 7, 2).main).toBeNaN()
})

it.runIf(process.platform === 'linux')('reads what a thread has spent so far', async () => {
  const before = await threadTimes(pid)
  const thread = new Worker('require("worker_threads").parentPort.once("message", () => {}).postMessage(0)', { eval: true })
  await once(thread, 'message')
  expect(timesBetween(before, await threadTimes(pid), pid, 1).workers).toBeGreaterThan(0)
  await thread.terminate()
})
