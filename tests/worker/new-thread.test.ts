import { once } from 'node:events'
import { expect, it } from 'vitest'
import { newThread } from '../../src/inference/new-thread.ts'

it('keeps the young generation of its heap small, whatever it allocates', async () => {
  const [mib] = await once(newThread(new URL('../fixtures/workers/littering.mjs', import.meta.url)), 'message') as [number]
  expect(mib).toBeLessThanOrEqual(6)
})
