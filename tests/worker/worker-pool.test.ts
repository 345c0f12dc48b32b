import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WorkerPool, type WorkerPoolOptions } from '../../src/inference/worker-pool.ts'

const workerUrl = new URL('../fixtures/workers/misbehaving.mjs', import.meta.url)

describe('WorkerPool', () => {
  let pool: WorkerPool | undefined
  afterEach(() => { pool?.stop() })

  const create = (options: Partial<WorkerPoolOptions> = {}, start = 'ok'): WorkerPool => {
    pool = new WorkerPool({
      size: 2,
      workerUrl,
      load: { directory: start, dtype: 'q8' },
      startTimeoutMs: 10_000,
      runTimeoutMs: 10_000,
      backoffMs: 1,
      ...options
    })
    return pool
  }
  /** Both workers are ready, and the first has loaded the model again. */
  const bothReady = () => vi.waitFor(() => { expect([pool?.ready, pool?.maxTextsPerRun]).toEqual([2, 4]) }, { timeout: 10_000 })

  it('runs a text on every worker, and then has no idle worker', async () => {
    const workers = create()
    expect(await workers.start()).toMatchObject({ labels: ['negative', 'neutral', 'positive'], maxTokens: 512 })
    await bothReady()
    const first = workers.run(['ab'])
    const second = workers.run(['abc'])
    expect(workers.hasIdleWorker).toBe(false)
    expect(() => workers.run(['abcd'])).toThrow('No worker is idle')
    expect(await Promise.all([first, second])).toMatchObject([[{ tokens: 2 }], [{ tokens: 3 }]])
  })

  it('runs several texts together once the first worker has loaded the model again', async () => {
    const onWorkerReady = vi.fn()
    const workers = create({ onWorkerReady })
    expect(await workers.start()).toMatchObject({ maxTextsPerRun: 1 })
    await vi.waitFor(() => { expect([workers.ready, workers.maxTextsPerRun]).toEqual([2, 4]) }, { timeout: 10_000 })
    expect(onWorkerReady.mock.calls.map(([{ maxTextsPerRun }]) => maxTextsPerRun)).toEqual([1, 4, 4])
    expect(await Promise.all([workers.run(['ab', 'abc']), workers.run(['a'])])).toMatchObject([[{ tokens: 2 }, { tokens: 3 }], [{ tokens: 1 }]])
  })

  it('does not load the model of the first worker again if the other workers run one text at a time', async () => {
    const onWorkerReady = vi.fn()
    const workers = create({ workerUrl: new URL('../fixtures/workers/unbatched.mjs', import.meta.url), onWorkerReady })
    await workers.start()
    await vi.waitFor(() => { expect(workers.ready).toBe(2) }, { timeout: 10_000 })
    expect(workers.states).toMatchObject({ idle: 2, starting: 0 })
    expect(onWorkerReady).toHaveBeenCalledTimes(2)
  })

  it('loads the model of a single worker with batching from the start', async () => {
    const workers = create({ size: 1 })
    expect(await workers.start()).toMatchObject({ maxTextsPerRun: 4 })
    expect(workers.maxTextsPerRun).toBe(4)
  })

  it('calls onIdle when a worker is idle again', async () => {
    const workers = create({ size: 1 })
    await workers.start()
    const idle = vi.fn()
    workers.onIdle = idle
    await workers.run(['text'])
    await vi.waitFor(() => { expect(idle).toHaveBeenCalled() })
  })

  it('is quiescent once the current run has ended, and runs nothing more', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'worker-pool-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const workers = create({ size: 1 })
    await workers.start()
    const run = workers.run([`wait for ${join(directory, 'gate')}`])
    const quiescent = workers.quiesce()
    expect(workers.states).toMatchObject({ busy: 1 })
    await writeFile(join(directory, 'gate'), '')
    await quiescent
    expect(workers.states).toMatchObject({ idle: 1 })
    expect(await run).toHaveLength(1)
    expect(workers.hasIdleWorker).toBe(false)
  })

  it('is quiescent only once a worker that was given up has returned', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'worker-pool-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const workers = create({ size: 1, runTimeoutMs: 200 })
    await workers.start()
    await expect(workers.run([`wait for ${join(directory, 'gate')}`])).rejects.toThrow('did not answer in time')
    await vi.waitFor(() => { expect(workers.states).toMatchObject({ idle: 1 }) })
    const quiescent = vi.fn()
    const quiescence = workers.quiesce().then(quiescent)
    await new Promise((resolve) => { setImmediate(resolve) })
    expect(quiescent).not.toHaveBeenCalled()
    await writeFile(join(directory, 'gate'), '')
    await quiescence
  })

  it('is quiescent once every worker has loaded', async () => {
    const workers = create()
    await workers.start()
    await workers.quiesce()
    expect(workers.states).toMatchObject({ starting: 0, idle: 2 })
  })

  it('limits the young generation of a worker\'s heap, and gives it no environment', async () => {
    vi.stubEnv('API_KEYS', 'a-secret-key-of-some-length')
    onTestFinished(() => { vi.unstubAllEnvs() })
    const workers = create({ size: 1, workerUrl: new URL('../fixtures/workers/littering.mjs', import.meta.url) })
    const { labels: [key, mib] } = await workers.start()
    expect(key).toBe('none')
    expect(Number(mib)).toBeLessThanOrEqual(6)
  })

  it('rejects the text of a worker that crashes, and replaces the worker', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ onWorkerLost })
    await workers.start()
    await bothReady()
    await expect(workers.run(['crash'])).rejects.toThrow('it exited with code 1')
    expect(onWorkerLost).toHaveBeenCalledTimes(1)
    await bothReady()
    expect(await workers.run(['ab'])).toMatchObject([{ tokens: 2 }])
  })

  it('rejects the text of a worker that hangs, and replaces the worker', async () => {
    const workers = create({ runTimeoutMs: 200 })
    await workers.start()
    await bothReady()
    await expect(workers.run(['hang'])).rejects.toThrow('did not answer in time')
    await bothReady()
  })

  it('keeps a worker whose model failed on a text', async () => {
    const onWorkerLost = vi.fn()
    const workers = create({ size: 1, onWorkerLost })
    await workers.start()
    expect(await workers.run(['ab', 'fail'])).toMatchObject([{ tokens: 2 }, { failure: 'cannot run this' }])
    expect(await workers.run(['ab'])).toMatchObject([{ tokens: 2 }])
    expect(onWorkerLost).not.toHaveBeenCalled()
  })

  it.each([['load-failed', 'no such model'], ['crash', 'crashed at start']])('fails to start, with the reason, at %s', async (start, reason) => {
    const workers = create({}, start)
    await expect(workers.start()).rejects.toThrow(reason)
  })

  it('fails to start when no worker is ready in time', async () => {
    await expect(create({ startTimeoutMs: 100 }, 'hang').start()).rejects.toThrow('did not start in time')
  })

  it('gives a worker up visibly if its replacements repeatedly fail to start', async () => {
    const load = { directory: 'ok', dtype: 'q8' as const }
    const onWorkerLost = vi.fn()
    const workers = create({ size: 1, load, maxFailedStarts: 3, onWorkerLost })
    await workers.start()
    load.directory = 'load-failed'
    await expect(workers.run(['crash'])).rejects.toThrow()
    await vi.waitFor(() => { expect(workers.failed).toBe(true) }, { timeout: 10_000 })
    expect(workers.ready).toBe(0)
    expect(onWorkerLost).toHaveBeenLastCalledWith({ reason: expect.any(Error), restartInMs: undefined })
    expect(onWorkerLost).toHaveBeenCalledTimes(4)
  })
})
