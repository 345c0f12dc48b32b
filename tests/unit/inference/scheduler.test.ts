import { describe, expect, it } from 'vitest'
import { Flow } from '../../../src/inference/queued-text.ts'
import { WorkerLostError } from '../../../src/inference/worker-handle.ts'
import { createScheduler, enqueue } from './manual-runner.ts'

const inSeconds = (seconds: number): number => performance.now() + seconds * 1000

describe('Scheduler', () => {
  it('serves requests round-robin, so that a batch does not delay a single text', async () => {
    const { runner, scheduler } = createScheduler()
    const batch = scheduler.enqueue(['a1', 'a2', 'a3', 'a4'], new Flow(''))
    const single = enqueue(scheduler, 'b1')
    for (let index = 0; index < 5; index++) await runner.finish()
    await Promise.all([...batch, single].map(({ result }) => result))
    // a1 runs already when b1 arrives.
    expect(runner.started.indexOf('b1')).toBeLessThanOrEqual(2)
  })

  it('serves callers round-robin, so that one with many requests does not delay another', async () => {
    const { runner, scheduler } = createScheduler({ limit: 100 })
    for (let index = 0; index < 20; index++) enqueue(scheduler, `a${index}`, new Flow('a'))
    for (let index = 0; index < 3; index++) enqueue(scheduler, `b${index}`, new Flow('b'))
    for (let index = 0; index < 6; index++) await runner.finish()
    expect(runner.started.filter((text) => text.startsWith('b'))).toEqual(['b0', 'b1', 'b2'])
  })

  it('keeps the order of the texts within a request', async () => {
    const { runner, scheduler } = createScheduler()
    const pending = scheduler.enqueue(['1', '2', '3'], new Flow(''))
    for (let index = 0; index < pending.length; index++) await runner.finish()
    await Promise.all(pending.map(({ result }) => result))
    expect(runner.started).toEqual(['1', '2', '3'])
  })

  it('rejects a request that does not fit into the queue, with the time to retry after', () => {
    const { scheduler } = createScheduler({ limit: 4, textMs: 1000 })
    const flow = new Flow('')
    scheduler.enqueue(['1', '2', '3', '4'], flow)
    expect(() => scheduler.admit(['x'], '', inSeconds(60))).not.toThrow()
    enqueue(scheduler, '5', flow)
    expect(scheduler.depth).toBe(4)
    expect(() => scheduler.admit(['x'], '', inSeconds(60))).toThrow(expect.objectContaining({ code: 'OVERLOADED', statusCode: 503, retryAfterSeconds: 5 }))
  })

  it('rejects a request that would wait beyond its deadline, but not a small one that would not', () => {
    const { scheduler } = createScheduler({ limit: 100, textMs: 100 })
    scheduler.enqueue(Array.from({ length: 50 }, (_, index) => String(index % 10)), new Flow(''))
    expect(() => scheduler.admit(Array(9).fill('x'), '', inSeconds(1))).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
    expect(() => scheduler.admit(['x'], '', inSeconds(1))).not.toThrow()
  })

  it('estimates the wait by the length of the texts', () => {
    const { scheduler } = createScheduler({ limit: 100, textMs: 10 })
    expect(() => scheduler.admit(Array(20).fill('x'), '', inSeconds(1))).not.toThrow()
    enqueue(scheduler, 'x'.repeat(1500))
    enqueue(scheduler, 'x'.repeat(1500))
    expect(() => scheduler.admit(Array(20).fill('x'), '', inSeconds(1))).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
  })

  it('rejects a batch that even an idle service could not compute in time, with an error that clients do not retry', () => {
    const { scheduler } = createScheduler({ limit: 1000, textMs: 10 })
    const batch = Array(128).fill('x'.repeat(2000))
    expect(() => scheduler.admit(batch, '', inSeconds(10))).toThrow(expect.objectContaining({ code: 'BATCH_SIZE', statusCode: 422 }))
    expect(() => scheduler.admit(batch, '', inSeconds(60))).not.toThrow()
    expect(() => scheduler.admit(batch.slice(0, 1), '', inSeconds(0.1))).not.toThrow()
  })

  it('drops a cancelled text from the queue', async () => {
    const { runner, scheduler } = createScheduler()
    const flow = new Flow('')
    const first = enqueue(scheduler, 'first', flow)
    const cancelled = enqueue(scheduler, 'cancelled', flow)
    cancelled.cancel(new Error('disconnected'))
    await expect(cancelled.result).rejects.toThrow('disconnected')
    expect(scheduler.depth).toBe(0)
    await runner.finish()
    await first.result
    expect(runner.started).toEqual(['first'])
  })

  it('runs a text once more if its worker is lost, then gives up with NOT_READY', async () => {
    const { runner, scheduler } = createScheduler()
    const { result } = enqueue(scheduler, 'text')
    const outcome = expect(result).rejects.toMatchObject({ code: 'NOT_READY' })
    await runner.finish(new WorkerLostError('crash'))
    await runner.finish(new WorkerLostError('crash'))
    await outcome
    expect(runner.started).toEqual(['text', 'text'])
  })

  it('does not run a cancelled text once more if its worker is lost', async () => {
    const { runner, scheduler } = createScheduler()
    const pending = enqueue(scheduler, 'text')
    pending.cancel(new Error('disconnected'))
    await expect(pending.result).rejects.toThrow('disconnected')
    await runner.finish(new WorkerLostError('crash'))
    expect(runner.started).toEqual(['text'])
  })

  it('fails waiting texts when the last worker is given up', async () => {
    const { runner, scheduler } = createScheduler()
    const pending = scheduler.enqueue(['running', 'waiting'], new Flow(''))
    const outcomes = Promise.allSettled(pending.map(({ result }) => result))
    runner.failed = true
    await runner.finish(new WorkerLostError('crash'))
    expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual(['NOT_READY', 'NOT_READY'])
    expect(() => scheduler.admit(['x'], '', inSeconds(1))).toThrow(expect.objectContaining({ code: 'NOT_READY' }))
    expect(() => scheduler.enqueue(['x'], new Flow(''))).toThrow(expect.objectContaining({ code: 'NOT_READY' }))
  })

  it('is drained when no text waits or runs', async () => {
    const { runner, scheduler } = createScheduler()
    const { result } = enqueue(scheduler, 'text')
    let drained = false
    const done = scheduler.drained().then(() => { drained = true })
    await new Promise(setImmediate)
    expect(drained).toBe(false)
    await runner.finish()
    await Promise.all([result, done])
  })

  it('lets a stream enqueue one text while the queue is full, and more while half of it is free', () => {
    const { scheduler } = createScheduler({ limit: 10, textMs: 1 })
    expect(scheduler.canEnqueue(4, '', 1000)).toBe(true)
    scheduler.enqueue(Array(11).fill('x'), new Flow(''))
    expect(scheduler.canEnqueue(0, '', 1000)).toBe(true)
    expect(scheduler.canEnqueue(1, '', 1000)).toBe(false)
  })
})
