import { describe, expect, it } from 'vitest'
import { canShareRun, textsPerRun } from '../../../src/inference/unpadded-batch/policy.ts'

describe('textsPerRun', () => {
  it('is the maximum if that many requests wait, else one', () => {
    expect([1, 2, 3, 4, 100].map((flows) => textsPerRun({ flows }, 4))).toEqual([1, 1, 1, 4, 4])
    expect(textsPerRun({ flows: 100 }, 1)).toBe(1)
  })
})

describe('canShareRun', () => {
  it('is true for a text of up to 200 bytes that no worker was lost with', () => {
    expect(canShareRun({ text: 'é'.repeat(100), attempts: 0 })).toBe(true)
    expect(canShareRun({ text: 'é'.repeat(101), attempts: 0 })).toBe(false)
    expect(canShareRun({ text: 'short', attempts: 1 })).toBe(false)
  })
})
