import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkerLostError } from '../../../src/inference/worker-handle.ts'
import { Flow } from '../../../src/inference/fair-queue.ts'
import { createScheduler as create } from './manual-runner.ts'

const signal = () => new AbortController().signal

describe('Scheduler', () => {
  it('takes one text a request in turn: a batch does not hold up a single text', async () => {
    const { runner, scheduler } = create()
    const batch = new Flow()
    const runs = ['a1', 'a2', 'a3', 'a4'].map((text) => scheduler.submit(text, batch, signal()))
    runs.push(scheduler.submit('b1', new Flow(), signal()))
    for (let index = 0; index < 5; index++) await runner.finish()
    await Promise.all(runs)
    // a1 runs already when b1 comes, and a2 was next: one text a worker is what b1 waits for.
    expect(runner.started.indexOf('b1')).toBeLessThanOrEqual(2)
  })

  it('keeps the order within a request', async () => {
    const { runner, scheduler } = create()
    const group = new Flow()
    const runs = ['1', '2', '3'].map((text) => scheduler.submit(text, group, signal()))
    for (let index = 0; index < runs.length; index++) await runner.finish()
    await Promise.all(runs)
    expect(runner.started).toEqual(['1', '2', '3'])
  })

  it('refuses a request that the queue has no room for, with the time to come back', () => {
    const { scheduler } = create(1, 4, 1000)
    const group = new Flow()
    for (const text of ['1', '2', '3', '4']) void scheduler.submit(text, group, signal())
    expect(() => scheduler.admit(1, 60_000)).not.toThrow()
    void scheduler.submit('5', group, signal())
    expect(scheduler.depth).toBe(4)
    expect(() => scheduler.admit(1, 60_000)).toThrow(expect.objectContaining({ code: 'OVERLOADED', statusCode: 503, retryAfterSeconds: 5 }))
  })

  it('refuses a request that would wait past its deadline, but not a small one that would not', () => {
    const { scheduler } = create(1, 100, 100)
    const group = new Flow()
    for (let index = 0; index < 50; index++) void scheduler.submit(String(index), group, signal())
    expect(() => scheduler.admit(20, 1000)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
    expect(() => scheduler.admit(1, 1000)).not.toThrow()
  })

  it('takes a text whose caller left out of the queue', async () => {
    const { runner, scheduler } = create()
    const leaver = new AbortController()
    const group = new Flow()
    const first = scheduler.submit('first', group, signal())
    const left = scheduler.submit('left', group, leaver.signal)
    leaver.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect(scheduler.depth).toBe(0)
    await runner.finish()
    await first
    expect(runner.started).toEqual(['first'])
  })

  it('runs a text once more when its worker is lost, then gives up with NOT_READY', async () => {
    const { runner, scheduler } = create()
    const run = scheduler.submit('text', new Flow(), signal())
    const outcome = expect(run).rejects.toMatchObject({ code: 'NOT_READY' })
    await runner.finish(new WorkerLostError('crash'))
    await runner.finish(new WorkerLostError('crash'))
    await outcome
    expect(runner.started).toEqual(['text', 'text'])
  })

  it('does not repeat a lost text that nobody waits for', async () => {
    const { runner, scheduler } = create()
    const leaver = new AbortController()
    const run = scheduler.submit('text', new Flow(), leaver.signal)
    leaver.abort(new Error('gone'))
    await expect(run).rejects.toThrow('gone')
    await runner.finish(new WorkerLostError('crash'))
    expect(runner.started).toEqual(['text'])
  })

  it('fails what waits when the last worker is given up', async () => {
    const { runner, scheduler } = create(1)
    const group = new Flow()
    const running = scheduler.submit('running', group, signal())
    const waiting = scheduler.submit('waiting', group, signal())
    const outcomes = Promise.allSettled([running, waiting])
    runner.failed = true
    await runner.finish(new WorkerLostError('crash'))
    expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual(['NOT_READY', 'NOT_READY'])
    expect(() => scheduler.admit(1, 1000)).toThrow(expect.objectContaining({ code: 'NOT_READY' }))
  })

  describe('lays out what is next in turn', () => {
    it('and follows it when a worker takes it', async () => {
      const { runner, scheduler } = create()
      const group = new Flow()
      const runs = ['1', '2', '3'].map((text) => scheduler.submit(text, group, signal()))
      expect(runner.laidOut).toBe('2')
      runner.take()
      await runner.tell()
      await runs[0]
      expect(runner.laidOut).toBe('3')
      expect([scheduler.running, scheduler.depth]).toEqual([1, 1])
      await runner.finish()
      await runner.finish()
      await Promise.all(runs)
      expect(runner.started).toEqual(['1', '2', '3'])
    })

    it('and another when a request comes that had no turn yet', async () => {
      const { runner, scheduler } = create()
      const batch = new Flow()
      for (const text of ['a1', 'a2', 'a3']) void scheduler.submit(text, batch, signal())
      runner.take()
      await runner.tell()
      expect(runner.laidOut).toBe('a3')
      void scheduler.submit('b1', new Flow(), signal())
      expect(runner.laidOut).toBe('b1')
    })

    it('and nothing twice when it was taken before its worker has said so', async () => {
      const { runner, scheduler } = create(2)
      const group = new Flow()
      const runs = ['1', '2', '3', '4'].map((text) => scheduler.submit(text, group, signal()))
      runner.take()
      // Another request comes in between, which would have been next.
      runs.push(scheduler.submit('5', new Flow(), signal()))
      expect(runner.laidOut).toBeUndefined()
      await runner.tell()
      for (let index = 0; index < runs.length; index++) await runner.finish()
      await Promise.all(runs)
      expect(runner.started.toSorted()).toEqual(['1', '2', '3', '4', '5'])
    })

    it('and not what nobody waits for any more', async () => {
      const { runner, scheduler } = create()
      const leaver = new AbortController()
      void scheduler.submit('1', new Flow(), signal())
      const left = scheduler.submit('2', new Flow(), leaver.signal)
      void scheduler.submit('3', new Flow(), signal())
      expect(runner.laidOut).toBe('2')
      leaver.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
      expect(runner.laidOut).toBe('3')
    })

    it('and is not done while one that was left runs all the same', async () => {
      const { runner, scheduler } = create()
      const leaver = new AbortController()
      const first = scheduler.submit('1', new Flow(), signal())
      const left = scheduler.submit('2', new Flow(), leaver.signal)
      runner.take()
      leaver.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
      let drained = false
      const done = scheduler.drained().then(() => { drained = true })
      await runner.tell()
      await first
      expect(drained).toBe(false)
      await runner.finish()
      await done
    })
  })

  it('says when everything is done', async () => {
    const { runner, scheduler } = create()
    const run = scheduler.submit('text', new Flow(), signal())
    let drained = false
    const done = scheduler.drained().then(() => { drained = true })
    await new Promise(setImmediate)
    expect(drained).toBe(false)
    await runner.finish()
    await Promise.all([run, done])
  })

  describe('lets results leave', () => {
    beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
    afterEach(() => { vi.useRealTimers() })

    it('at once where their texts waited little, and together where they waited for long', async () => {
      const { runner, scheduler } = create()
      const answered: string[] = []
      for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) {
        void scheduler.submit(text, new Flow(), signal()).then(() => { answered.push(text) })
      }
      const after: string[] = []
      for (let index = 0; index < 6; index++) {
        vi.advanceTimersByTime(10)
        await runner.finish()
        after.push(answered.join(''))
      }
      // The fourth waited for 30 ms and is kept for the fifth; for the last one there is none to wait for.
      expect(after).toEqual(['a', 'ab', 'abc', 'abc', 'abcde', 'abcdef'])
    })

    it('when the queue ends with a failed text', async () => {
      const { runner, scheduler } = create()
      const runs = ['a', 'b', 'c'].map((text) => scheduler.submit(text, new Flow(), signal()))
      const outcomes = Promise.allSettled(runs)
      vi.advanceTimersByTime(100)
      await runner.finish()
      await runner.finish()
      await runner.finish(new Error('broken'))
      expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    })
  })
})
