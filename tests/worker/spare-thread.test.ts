import { afterEach, expect, it, vi } from 'vitest'
import { SpareThread } from '../../src/inference/spare-thread.ts'
import { WorkerPool } from '../../src/inference/worker-pool.ts'

const worker = (name: string): URL => new URL(`../fixtures/workers/${name}.mjs`, import.meta.url)

let pool: WorkerPool | undefined
afterEach(() => { pool?.stop() })

function poolOf (size: number, spare: SpareThread): WorkerPool {
  pool = new WorkerPool({
    size, spare, workerUrl: worker('misbehaving'), startup: { directory: 'ok', dtype: 'q8' }, startTimeoutMs: 10_000, runTimeoutMs: 10_000
  })
  return pool
}

it('becomes the first worker of a pool and has no access to the environment', async () => {
  vi.stubEnv('API_KEYS', 'a-secret-key-of-some-length')
  const spare = new SpareThread(worker('telltale'))
  vi.unstubAllEnvs()
  const workers = poolOf(2, spare)
  expect(await workers.start()).toMatchObject({ labels: ['none'] })
  await vi.waitFor(() => { expect(workers.ready).toBe(2) }, { timeout: 10_000 })
  expect(spare.available).toBe(false)
})

it('that failed is replaced without a word', async () => {
  const spare = new SpareThread(worker('no-such-worker'))
  await vi.waitFor(() => { expect(spare.available).toBe(false) })
  const workers = poolOf(1, spare)
  expect(await workers.start()).toMatchObject({ labels: ['negative', 'neutral', 'positive'] })
})
