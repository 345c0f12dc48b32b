import { describe, expect, it } from 'vitest'
import { ByteBudget, type Reservation } from '../../../src/http/byte-budget.ts'

const MIB = 1 << 20

/** Reserves 1 MiB for each of `count` callers. */
const reserve = (budget: ByteBudget, count: number): (Reservation | undefined)[] => Array.from({ length: count }, (_, caller) => budget.reserve(`caller ${caller}`, MIB))

/** Whether 1 MiB can be reserved for each of `count` callers; releases all. */
function fits (budget: ByteBudget, count: number): boolean {
  const held = reserve(budget, count)
  for (const reservation of held) reservation?.release()
  return !held.includes(undefined)
}

describe('ByteBudget', () => {
  it('rejects large bodies beyond three quarters of the limit, and still admits small ones', () => {
    const budget = new ByteBudget(8 * MIB)
    const held = reserve(budget, 6)
    expect(held).not.toContain(undefined)
    expect(budget.reserve('another', MIB)).toBeUndefined()
    expect(budget.reserve('another', 1000)).toBeDefined()
    held[0]?.release()
    expect(budget.reserve('another', MIB)).toBeDefined()
  })

  it('admits a single body of any size', () => {
    const budget = new ByteBudget(MIB)
    expect(budget.reserve('a', 100 * MIB)).toBeDefined()
    expect(budget.reserve('b', MIB)).toBeUndefined()
  })

  it.each([['large', MIB, 8], ['small', 16_384, 1]])('leaves as much to others as a caller holds in %s bodies', (_size, bytes, limit) => {
    const budget = new ByteBudget(limit * MIB)
    const admit = (caller: string): number => Array.from({ length: 1000 }, () => budget.reserve(caller, bytes)).filter((held) => held !== undefined).length
    const first = admit('a')
    expect(budget.reserve('b', first * bytes)).toBeDefined()
    expect(admit('a')).toBe(0)
  })

  it('allows a body of unknown length to grow within the budget', () => {
    const budget = new ByteBudget(4 * MIB)
    const first = budget.reserve('a', 1000)
    const second = budget.reserve('b', 1000)
    expect(first?.grow(2 * MIB)).toBe(true)
    expect(second?.grow(2 * MIB)).toBe(false)
    first?.release()
    expect(second?.grow(2 * MIB)).toBe(true)
    second?.release()
    expect(fits(budget, 3)).toBe(true)
  })

  it('counts an answer that is longer than its request, and releases it once', () => {
    const budget = new ByteBudget(4 * MIB)
    const request = budget.reserve('a', 100)
    request?.hold(MIB)
    expect(fits(budget, 3)).toBe(false)
    request?.release()
    request?.release()
    expect(fits(budget, 3)).toBe(true)
    expect(fits(budget, 4)).toBe(false)
  })
})
