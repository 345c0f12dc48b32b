import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '../../../src/cache/codec.ts'

const classification = fc.record({
  logits: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 10 }).map((values) => Float32Array.from(values)),
  tokens: fc.nat(1_000_000),
  truncated: fc.boolean()
})

describe('codec', () => {
  it('gives back to the bit what it was given', () => {
    fc.assert(fc.property(classification, (value) => {
      expect(decode(encode(value), value.logits.length)).toEqual(value)
    }))
  })

  it('takes a value for another number of labels for a miss', () => {
    const value = encode({ logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false })
    expect(decode(value, 2)).toBeUndefined()
  })

  it('takes anything else for a miss, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 6 }), (bytes, labels) => {
      expect(decode(Buffer.from(bytes), labels)).toBeUndefined()
    }))
  })

  it('takes a value with a flipped bit for a miss', () => {
    const value = encode({ logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false })
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(decode(flipped, 3)).toBeUndefined()
    }
  })

  it('refuses logits that are no numbers', () => {
    expect(decode(encode({ logits: Float32Array.of(NaN, 1), tokens: 1, truncated: false }), 2)).toBeUndefined()
  })
})
