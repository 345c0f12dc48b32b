import { expect, it } from 'vitest'
import { CallerLimits } from '../../../src/auth/rate-limit.ts'

it('bounds the texts in flight of each caller alone, and admits any batch of a caller that has none', () => {
  const limits = new CallerLimits(10)
  limits.acquire('key:a', 128)
  expect(() => { limits.acquire('key:a', 1) }).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', statusCode: 429, retryAfterSeconds: 1 }))
  limits.acquire('key:b', 9)
  limits.acquire('key:b', 1)
  limits.release('key:a', 128)
  limits.acquire('key:a', 10)
})

it('limits nothing if the maximum is 0', () => {
  const limits = new CallerLimits(0)
  for (let count = 0; count < 3; count++) limits.acquire('key:a', 1000)
})
