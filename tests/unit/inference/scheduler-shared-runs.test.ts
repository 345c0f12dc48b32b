import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkerLostError } from '../../../src/inference/worker-handle.ts'
import { Flow } from '../../../src/inference/fair-queue.ts'
import { createScheduler } from './manual-runner.ts'

const signal = () => new AbortController().signal

describe('Scheduler lets texts that waited for long share a run', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
  afterEach(() => { vi.useRealTimers() })

  const waiting = (lanes: number, texts: string[]) => {
    const { runner, scheduler } = createScheduler()
    runner.lanes = lanes
    const runs = ['first', ...texts].map((text) => scheduler.submit(text, new Flow(), signal()))
    return { runner, scheduler, runs }
  }

  it('as many as the model takes', async () => {
    const { runner, scheduler, runs } = waiting(4, ['a', 'b', 'c', 'd', 'e', 'f'])
    vi.advanceTimersByTime(1000)
    await runner.finish()
    expect(runner.started).toEqual(['first', 'a+b+c+d'])
    expect([scheduler.running, scheduler.depth]).toEqual([4, 2])
    await runner.finish()
    await runner.finish()
    await Promise.all(runs)
    expect(runner.started).toEqual(['first', 'a+b+c+d', 'e+f'])
  })

  it('where one is laid out as well', async () => {
    const { runner, scheduler } = waiting(2, ['a', 'b', 'c', 'd'])
    vi.advanceTimersByTime(1000)
    void scheduler.submit('e', new Flow(), signal())
    expect(runner.laidOut).toBe('a+b')
    runner.take()
    await runner.tell()
    expect([runner.started.at(-1), runner.laidOut, scheduler.running]).toEqual(['a+b', 'c+d', 2])
  })

  it('and counts what one of them costs', async () => {
    const { runner, scheduler } = waiting(4, ['a', 'b', 'c', 'd'])
    vi.advanceTimersByTime(10)
    await runner.finish()
    expect(scheduler.runMs).toBeCloseTo(10)
    vi.advanceTimersByTime(10)
    await runner.finish()
    vi.advanceTimersByTime(1000)
    await runner.finish()
    expect(runner.started).toEqual(['first', 'a', 'b', 'c+d'])
    const before = scheduler.runMs
    vi.advanceTimersByTime(before * 2)
    await runner.finish()
    expect(scheduler.runMs).toBeCloseTo(before)
  })

  it('and each alone where their worker is lost', async () => {
    const { runner, runs } = waiting(4, ['a', 'b', 'c', 'd'])
    vi.advanceTimersByTime(1000)
    await runner.finish()
    await runner.finish(new WorkerLostError('crash'))
    vi.advanceTimersByTime(1000)
    for (let index = 0; index < 4; index++) await runner.finish()
    await Promise.all(runs)
    expect(runner.started).toEqual(['first', 'a+b+c+d', 'a', 'b', 'c', 'd'])
  })
})
