import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { measureCoreRoundTripNs } from '../../../bench/lib/core-distance.ts'

it('measures the round trip between two cores, and returns NaN with a single core', async () => {
  const nanoseconds = await measureCoreRoundTripNs()
  if (availableParallelism() < 2) expect(nanoseconds).toBeNaN()
  else expect(nanoseconds).toBeGreaterThan(0)
})
