import { setImmediate as nextTick } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Pacer } from '../../../src/http/pacer.ts'

it('starts a few pieces of work per tick, in the order of the calls', async () => {
  const pacer = new Pacer(4)
  const started: number[] = []
  for (let call = 0; call < 10; call++) void pacer.next().then(() => started.push(call))
  await nextTick()
  expect(started.length).toBeLessThan(10)
  while (started.length < 10) await nextTick()
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
