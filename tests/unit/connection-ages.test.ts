import { expect, it } from 'vitest'
import { ConnectionAges } from '../../src/http/plugins/lifecycle.ts'

it.each([
  ['half of the maximum at the least', 0, 500],
  ['the maximum at the most', 0.999, 999.5]
])('closes a connection at %s', (_case, random, limit) => {
  const ages = new ConnectionAges(1000, () => random)
  const socket = {}
  expect(ages.expired(socket, 5000)).toBe(false)
  expect(ages.expired(socket, 5000 + limit - 1)).toBe(false)
  expect(ages.expired(socket, 5000 + limit)).toBe(true)
})

it('draws the limit of every connection anew', () => {
  const draws = [0, 0.5]
  const ages = new ConnectionAges(1000, () => draws.shift() as number)
  const [first, second] = [{}, {}]
  for (const socket of [first, second]) ages.expired(socket, 0)
  expect([first, second].map((socket) => ages.expired(socket, 600))).toEqual([true, false])
})

it('never closes a connection if the maximum is 0', () => {
  const ages = new ConnectionAges(0)
  const socket = {}
  ages.expired(socket, 0)
  expect(ages.expired(socket, 1e12)).toBe(false)
})
