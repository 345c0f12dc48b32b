import { once } from 'node:events'
import { pid } from 'node:process'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { readThreadTimes, subtractThreadTimes } from '../../../bench/lib/cpu-time.ts'

it('separates the CPU time of the main thread, the busiest other threads and the rest, counting all time of a new thread', () => {
  const before = new Map([[7, 100], [8, 50], [9, 10]])
  const after = new Map([[7, 101], [8, 70], [9, 12], [10, 30]])
  expect(subtractThreadTimes(before, after, 7, 2)).toEqual({ main: 1, workers: 50, rest: 2 })
})

it('returns NaN if the threads of the process cannot be read', () => {
  expect(subtractThreadTimes(new Map(), new Map(), 7, 2).main).toBeNaN()
})

it.runIf(process.platform === 'linux')('reads the CPU time of a running thread', async () => {
  const before = await readThreadTimes(pid)
  const thread = new Worker('require("worker_threads").parentPort.once("message", () => {}).postMessage(0)', { eval: true })
  await once(thread, 'message')
  expect(subtractThreadTimes(before, await readThreadTimes(pid), pid, 1).workers).toBeGreaterThan(0)
  await thread.terminate()
})
