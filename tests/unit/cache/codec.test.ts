import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '../../../src/cache/codec.ts'

const classification = fc.record({
  logits: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 10 }).map((values) => Float32Array.from(values)),
  tokens: fc.nat(1_000_000),
  truncated: fc.boolean()
})

describe('codec', () => {
  it('decodes exactly what it encoded', () => {
    fc.assert(fc.property(classification, (value) => {
      expect(decode('key', encode('key', value), value.logits.length)).toEqual(value)
    }))
  })

  it('treats a value with another number of labels as a miss', () => {
    const value = encode('key', { logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false })
    expect(decode('key', value, 2)).toBeUndefined()
  })

  it('treats the value of another key as a miss', () => {
    const value = encode('one key', { logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false })
    expect(decode('one key', value, 3)).toBeDefined()
    expect(decode('another key', value, 3)).toBeUndefined()
  })

  it('treats anything else as a miss, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 6 }), (bytes, labels) => {
      expect(decode('key', Buffer.from(bytes), labels)).toBeUndefined()
    }))
  })

  it('treats a value with a flipped bit as a miss', () => {
    const value = encode('key', { logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false })
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(decode('key', flipped, 3)).toBeUndefined()
    }
  })

  it('treats logits that are not numbers as a miss', () => {
    expect(decode('key', encode('key', { logits: Float32Array.of(NaN, 1), tokens: 1, truncated: false }), 2)).toBeUndefined()
  })
})
