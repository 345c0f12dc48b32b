import { afterEach, describe, expect, it, vi } from 'vitest'
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
  const bothReady = () => vi.waitFor(() => { expect(pool?.ready).toBe(2) }, { timeout: 10_000 })

  it('answers on every worker, and has no worker for more texts than that', async () => {
    const workers = create()
    expect(await workers.start()).toMatchObject({ labels: ['negative', 'neutral', 'positive'], maxTokens: 512 })
    await bothReady()
    const first = workers.tryRun('ab')
    const second = workers.tryRun('abc')
    expect(workers.tryRun('abcd')).toBeUndefined()
    expect([(await first)?.tokens, (await second)?.tokens]).toEqual([2, 3])
  })

  it('says when a worker is idle again', async () => {
    const workers = create({ size: 1 })
    await workers.start()
    const idle = vi.fn()
    workers.onIdle = idle
    await workers.tryRun('text')
    await vi.waitFor(() => { expect(idle).toHaveBeenCalled() })
  })

  it('rejects the text of a worker that crashes, and replaces the worker', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ onWorkerLost })
    await workers.start()
    await bothReady()
    await expect(workers.tryRun('crash')).rejects.toThrow('it exited with code 1')
    expect(onWorkerLost).toHaveBeenCalledTimes(1)
    await bothReady()
    expect(await workers.tryRun('ab')).toMatchObject({ tokens: 2 })
  })

  it('rejects the text of a worker that hangs, and replaces the worker', async () => {
    const workers = create({ runTimeoutMs: 200 })
    await workers.start()
    await bothReady()
    await expect(workers.tryRun('hang')).rejects.toThrow('did not answer in time')
    await bothReady()
  })

  it('keeps a worker whose model failed on a text', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ size: 1, onWorkerLost })
    await workers.start()
    await expect(workers.tryRun('fail')).rejects.toThrow('cannot run this')
    expect(await workers.tryRun('ab')).toMatchObject({ tokens: 2 })
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
    await expect(workers.tryRun('crash')).rejects.toThrow()
    await vi.waitFor(() => { expect(workers.failed).toBe(true) }, { timeout: 10_000 })
    expect(workers.ready).toBe(0)
    expect(onWorkerLost).toHaveBeenLastCalledWith({ reason: expect.any(Error), restartInMs: undefined })
    expect(onWorkerLost).toHaveBeenCalledTimes(4)
  })
})
