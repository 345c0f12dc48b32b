import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkerLostError } from '../../../src/inference/worker-handle.ts'
import { createScheduler, enqueue } from './manual-runner.ts'

describe('Scheduler with several texts per run', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
  afterEach(() => { vi.useRealTimers() })

  const waiting = (maxTextsPerRun: number, texts: string[]) => {
    const { runner, scheduler } = createScheduler()
    runner.maxTextsPerRun = maxTextsPerRun
    const results = ['first', ...texts].map((text) => enqueue(scheduler, text).result)
    return { runner, scheduler, results }
  }

  it('runs as many waiting texts together as the model allows, and fewer one by one', async () => {
    const { runner, scheduler, results } = waiting(4, ['a', 'b', 'c', 'd', 'e', 'f'])
    await runner.finish()
    expect(runner.started).toEqual(['first', 'a+b+c+d'])
    expect([scheduler.running, scheduler.depth]).toEqual([4, 2])
    for (let index = 0; index < 3; index++) await runner.finish()
    await Promise.all(results)
    expect(runner.started).toEqual(['first', 'a+b+c+d', 'e', 'f'])
  })

  it('runs long texts alone, in the order of the queue', async () => {
    const long = 'x'.repeat(300)
    const { runner, results } = waiting(4, [long, 'a', 'b', long, 'c', 'd'])
    for (let index = 0; index < 7; index++) await runner.finish()
    await Promise.all(results)
    expect(runner.started).toEqual(['first', long, 'a+b', long, 'c', 'd'])
  })

  it('counts the time of a run for all of its texts', async () => {
    const { runner, scheduler } = waiting(4, ['a', 'b', 'c', 'd'])
    vi.advanceTimersByTime(10)
    await runner.finish()
    const before = scheduler.drainMs
    vi.advanceTimersByTime(40)
    await runner.finish()
    enqueue(scheduler, 'e')
    // One text is left; it takes a quarter of the time that the run of four texts of its length took.
    expect(scheduler.drainMs).toBeCloseTo(before / 4, 0)
  })

  it('runs each text alone once their worker was lost', async () => {
    const { runner, results } = waiting(4, ['a', 'b', 'c', 'd'])
    await runner.finish()
    await runner.finish(new WorkerLostError('crash'))
    for (let index = 0; index < 4; index++) await runner.finish()
    await Promise.all(results)
    expect(runner.started).toEqual(['first', 'a+b+c+d', 'a', 'b', 'c', 'd'])
  })
})
