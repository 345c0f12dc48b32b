import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { coreRoundTripNs } from '../../../bench/lib/core-distance.ts'

it('coreRoundTripNs is a time where there are two cores', async () => {
  const nanoseconds = await coreRoundTripNs()
  if (availableParallelism() < 2) expect(nanoseconds).toBeNaN()
  else expect(nanoseconds).toBeGreaterThan(0)
})
