import { setImmediate as nextTick } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LinePacer } from '../../../src/http/ndjson.ts'

it('starts a few groups of lines per tick, in the order of the streams', async () => {
  const pacer = new LinePacer()
  const started: number[] = []
  for (let stream = 0; stream < 10; stream++) void pacer.next().then(() => started.push(stream))
  await nextTick()
  expect(started.length).toBeLessThan(10)
  while (started.length < 10) await nextTick()
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
