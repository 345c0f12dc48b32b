import { expect, it } from 'vitest'
import { CallerLimits } from '../../../src/auth/rate-limit.ts'

it('bounds the texts in flight of each caller alone, and admits any batch of a caller that has none', () => {
  const limits = new CallerLimits(10)
  limits.enter('key:a', 128)
  expect(() => { limits.enter('key:a', 1) }).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', statusCode: 429, retryAfterSeconds: 1 }))
  limits.enter('key:b', 9)
  limits.enter('key:b', 1)
  limits.leave('key:a', 128)
  limits.enter('key:a', 10)
})

it('has no limit if it is 0', () => {
  const limits = new CallerLimits(0)
  for (let count = 0; count < 3; count++) limits.enter('key:a', 1000)
})
