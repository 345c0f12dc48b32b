import { describe, expect, it } from 'vitest'
import { ByteBudget } from '../../../src/http/byte-budget.ts'

const MIB = 1 << 20

/** Reserves `count` bodies of 1 MiB and releases those that were admitted unless all were. */
function reserveAll (budget: ByteBudget, count: number): boolean {
  const held = Array.from({ length: count }, () => budget.reserve(MIB))
  const all = !held.includes(undefined)
  if (!all) for (const reservation of held) reservation?.release()
  return all
}

describe('ByteBudget', () => {
  it('rejects large bodies beyond three quarters of the limit, and still admits small ones', () => {
    const budget = new ByteBudget(8 * MIB)
    const held = Array.from({ length: 6 }, () => budget.reserve(MIB))
    expect(held).not.toContain(undefined)
    expect(budget.reserve(MIB)).toBeUndefined()
    expect(budget.reserve(1000)).toBeDefined()
    held[0]?.release()
    expect(budget.reserve(MIB)).toBeDefined()
  })

  it('admits a single body of any size', () => {
    const budget = new ByteBudget(MIB)
    expect(budget.reserve(100 * MIB)).toBeDefined()
    expect(budget.reserve(MIB)).toBeUndefined()
  })

  it('allows a body of unknown length to grow within the budget', () => {
    const budget = new ByteBudget(4 * MIB)
    const first = budget.reserve(1000)
    const second = budget.reserve(1000)
    expect(first?.grow(2 * MIB)).toBe(true)
    expect(second?.grow(2 * MIB)).toBe(false)
    first?.release()
    expect(second?.grow(2 * MIB)).toBe(true)
    second?.release()
    expect(reserveAll(budget, 3)).toBe(true)
  })

  it('counts an answer that is longer than its request, and releases it once', () => {
    const budget = new ByteBudget(4 * MIB)
    const request = budget.reserve(100)
    request?.hold(MIB)
    expect(reserveAll(budget, 3)).toBe(false)
    request?.release()
    request?.release()
    expect(reserveAll(budget, 3)).toBe(true)
    expect(budget.reserve(MIB)).toBeUndefined()
  })
})
