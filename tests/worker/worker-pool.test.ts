import { afterEach, describe, expect, it, vi } from 'vitest'
import type { TextOutcome } from '../../src/inference/protocol.ts'
import { WorkerLostError } from '../../src/inference/worker-handle.ts'
import { WorkerPool, type WorkerPoolOptions } from '../../src/inference/worker-pool.ts'

const workerUrl = new URL('../fixtures/workers/misbehaving.mjs', import.meta.url)

describe('WorkerPool', () => {
  let pool: WorkerPool | undefined
  afterEach(() => { pool?.stop() })

  const create = (options: Partial<WorkerPoolOptions> = {}, start = 'ok'): WorkerPool => {
    pool = new WorkerPool({
      size: 2,
      workerUrl,
      startup: { directory: start, dtype: 'q8' },
      startTimeoutMs: 10_000,
      runTimeoutMs: 10_000,
      backoffMs: 1,
      ...options
    })
    return pool
  }
  /** Both are, and load nothing any more. */
  const bothReady = () => vi.waitFor(() => { expect([pool?.ready, pool?.lanes]).toEqual([2, 4]) }, { timeout: 10_000 })

  it('answers on every worker, and has no worker for more texts than that', async () => {
    const workers = create()
    expect(await workers.start()).toMatchObject({ labels: ['negative', 'neutral', 'positive'], maxTokens: 512 })
    await bothReady()
    const first = workers.tryRun(['ab'])
    const second = workers.tryRun(['abc'])
    expect(workers.tryRun(['abcd'])).toBeUndefined()
    expect(await Promise.all([first, second])).toMatchObject([[{ tokens: 2 }], [{ tokens: 3 }]])
  })

  it('takes several texts a run when the worker that was first has loaded the model for that', async () => {
    const onWorkerReady = vi.fn()
    const workers = create({ onWorkerReady })
    expect(await workers.start()).toMatchObject({ lanes: 1 })
    await vi.waitFor(() => { expect([workers.ready, workers.lanes]).toEqual([2, 4]) }, { timeout: 10_000 })
    expect(onWorkerReady.mock.calls.map(([{ lanes }]) => lanes)).toEqual([1, 4, 4])
    expect(await Promise.all([workers.tryRun(['ab', 'abc']), workers.tryRun(['a'])])).toMatchObject([[{ tokens: 2 }, { tokens: 3 }], [{ tokens: 1 }]])
  })

  it('has the worker that was first load the model once where no other takes several texts', async () => {
    const onWorkerReady = vi.fn()
    const workers = create({ workerUrl: new URL('../fixtures/workers/telltale.mjs', import.meta.url), onWorkerReady })
    await workers.start()
    await vi.waitFor(() => { expect(workers.ready).toBe(2) }, { timeout: 10_000 })
    expect(workers.states).toMatchObject({ idle: 2, starting: 0 })
    expect(onWorkerReady).toHaveBeenCalledTimes(2)
  })

  it('has one worker load the model for several texts at once: none would answer meanwhile', async () => {
    const workers = create({ size: 1 })
    expect(await workers.start()).toMatchObject({ lanes: 4 })
    expect(workers.lanes).toBe(4)
  })

  it('says when a worker is idle again', async () => {
    const workers = create({ size: 1 })
    await workers.start()
    const idle = vi.fn()
    workers.onIdle = idle
    await workers.tryRun(['text'])
    await vi.waitFor(() => { expect(idle).toHaveBeenCalled() })
  })

  describe('a text that is laid out', () => {
    /** A pool whose one worker has the text, with "abc" laid out, and what comes of both. */
    const withNext = async (text: string, options: Partial<WorkerPoolOptions> = {}) => {
      const workers = create({ size: 1, ...options })
      await workers.start()
      const taken = new Promise<{ run: Promise<TextOutcome[]> }>((resolve) => {
        workers.onTaken = (run) => {
          run.catch(() => {})
          resolve({ run })
        }
      })
      const run = workers.tryRun([text]) as Promise<TextOutcome[]>
      expect(workers.layOut(['abc'])).toBe(true)
      return { workers, run, taken }
    }

    it('is taken by the worker that finishes, which is idle when it has answered both', async () => {
      const { workers, run, taken } = await withNext('take')
      const idle = vi.fn()
      workers.onIdle = idle
      expect(await run).toMatchObject([{ tokens: 'take'.length }])
      expect(await (await taken).run).toMatchObject([{ tokens: 'abc'.length }])
      await vi.waitFor(() => { expect(idle).toHaveBeenCalledTimes(1) })
    })

    it('is lost with a worker that dies with it, and another can be laid out', async () => {
      const { workers, run, taken } = await withNext('take and crash')
      await expect(run).rejects.toThrow(WorkerLostError)
      await expect((await taken).run).rejects.toThrow(WorkerLostError)
      expect(workers.layOut(['next'])).toBe(true)
    })

    it('is lost with a worker that took it and is given up', async () => {
      const { workers, run, taken } = await withNext('take and be late', { runTimeoutMs: 200 })
      await expect(run).rejects.toThrow('did not answer in time')
      await expect((await taken).run).rejects.toThrow('it was given up')
      expect(workers.layOut(['next'])).toBe(true)
    })

    it('is taken back by whoever runs a text', async () => {
      const workers = create({ size: 1 })
      await workers.start()
      const onTaken = vi.fn()
      workers.onTaken = onTaken
      workers.layOut(['abc'])
      await workers.tryRun(['take if there'])
      expect(onTaken).not.toHaveBeenCalled()
    })
  })

  it('rests when what runs has come to its end, and runs nothing more', async () => {
    const workers = create({ size: 1 })
    await workers.start()
    const run = workers.tryRun(['wait until no more are taken'])
    const resting = workers.rest()
    expect(workers.states).toMatchObject({ busy: 1 })
    await resting
    expect(workers.states).toMatchObject({ idle: 1 })
    expect(await run).toHaveLength(1)
    expect(workers.tryRun(['ab'])).toBeUndefined()
  })

  it('rests when it has loaded', async () => {
    const workers = create()
    await workers.start()
    await workers.rest()
    expect(workers.states).toMatchObject({ starting: 0, idle: 2 })
  })

  it('rejects the text of a worker that crashes, and replaces the worker', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ onWorkerLost })
    await workers.start()
    await bothReady()
    await expect(workers.tryRun(['crash'])).rejects.toThrow('it exited with code 1')
    expect(onWorkerLost).toHaveBeenCalledTimes(1)
    await bothReady()
    expect(await workers.tryRun(['ab'])).toMatchObject([{ tokens: 2 }])
  })

  it('rejects the text of a worker that hangs, and replaces the worker', async () => {
    const workers = create({ runTimeoutMs: 200 })
    await workers.start()
    await bothReady()
    await expect(workers.tryRun(['hang'])).rejects.toThrow('did not answer in time')
    await bothReady()
  })

  it('keeps a worker whose model failed on a text', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ size: 1, onWorkerLost })
    await workers.start()
    expect(await workers.tryRun(['ab', 'fail'])).toMatchObject([{ tokens: 2 }, { failure: 'cannot run this' }])
    expect(await workers.tryRun(['ab'])).toMatchObject([{ tokens: 2 }])
    expect(onWorkerLost).not.toHaveBeenCalled()
  })

  it.each([['load-failed', 'no such model'], ['crash', 'crashed at start']])('fails to start, with the reason, at %s', async (start, reason) => {
    const workers = create({}, start)
    await expect(workers.start()).rejects.toThrow(reason)
  })

  it('fails to start when no worker is ready in time', async () => {
    await expect(create({ startTimeoutMs: 100 }, 'hang').start()).rejects.toThrow('did not start in time')
  })

  it('gives up visibly when replacements fail to start time after time', async () => {
    const startup = { directory: 'ok', dtype: 'q8' as const }
    const onWorkerLost = vi.fn()
    const workers = create({ size: 1, startup, maxFailedStarts: 3, onWorkerLost })
    await workers.start()
    startup.directory = 'load-failed'
    await expect(workers.tryRun(['crash'])).rejects.toThrow()
    await vi.waitFor(() => { expect(workers.failed).toBe(true) }, { timeout: 10_000 })
    expect(workers.ready).toBe(0)
    expect(onWorkerLost).toHaveBeenLastCalledWith({ reason: expect.any(Error), restartInMs: undefined })
    expect(onWorkerLost).toHaveBeenCalledTimes(4)
  })
})
