import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ByteBuffer } from '../../../src/http/lines.ts'

it('joins pieces of any size, and is empty after they are taken', () => {
  const buffer = new ByteBuffer()
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (pieces) => {
    for (const piece of pieces) buffer.append(piece)
    expect(buffer.take()).toEqual(Buffer.concat(pieces))
    expect(buffer.length).toBe(0)
  }), { numRuns: 50 })
})
