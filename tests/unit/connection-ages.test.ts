import { expect, it } from 'vitest'
import { createAgeLimit } from '../../src/http/plugins/lifecycle.ts'

it.each([
  ['half of the maximum age at the earliest', 0, 500],
  ['the maximum age at the latest', 0.999, 999.5]
])('closes a connection at %s', (_case, random, limit) => {
  const isLastAnswer = createAgeLimit(1000, () => random)
  const socket = {}
  expect(isLastAnswer(socket, 5000)).toBe(false)
  expect(isLastAnswer(socket, 5000 + limit - 1)).toBe(false)
  expect(isLastAnswer(socket, 5000 + limit)).toBe(true)
})

it('draws a new limit for each connection', () => {
  const draws = [0, 0.5]
  const isLastAnswer = createAgeLimit(1000, () => draws.shift() as number)
  const [first, second] = [{}, {}]
  for (const socket of [first, second]) isLastAnswer(socket, 0)
  expect([first, second].map((socket) => isLastAnswer(socket, 600))).toEqual([true, false])
})

it('never closes a connection if the maximum age is 0', () => {
  const isLastAnswer = createAgeLimit(0)
  const socket = {}
  isLastAnswer(socket, 0)
  expect(isLastAnswer(socket, 1e12)).toBe(false)
})
