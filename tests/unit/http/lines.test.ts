import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../../src/http/lines.ts'

/** Lines of `bytes`, pushed in pieces of `size`; undefined for a line over the limit. */
function split (bytes: Buffer, size = bytes.length, maxBytes = 100): (string | undefined)[] {
  const splitter = new LineSplitter(maxBytes)
  const lines = []
  for (let start = 0; start < bytes.length; start += size) lines.push(...splitter.push(bytes.subarray(start, start + size)))
  lines.push(...splitter.end())
  expect(lines.map(({ number }) => number)).toEqual(lines.map((_line, index) => index + 1))
  return lines.map((line) => line.bytes?.toString())
}

describe('LineSplitter', () => {
  it('accepts LF and CRLF, blank lines, a byte order mark and a last line without a line break', () => {
    expect(split(Buffer.from('\ufeffa\r\n\nb\rc\n😀'))).toEqual(['a', '', 'b\rc', '😀'])
  })

  it('drops only a line over the limit', () => {
    expect(split(Buffer.from('12345\r\n123456\n1\n1234567890'), 3, 5)).toEqual(['12345', undefined, '1', undefined])
  })

  it('splits any division of the bytes into the same lines', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 })), fc.integer({ min: 1, max: 20 }), (texts, size) => {
      const bytes = Buffer.from(texts.join('\n'))
      expect(split(bytes, size, 20)).toEqual(split(bytes, bytes.length + 1, 20))
    }))
  })
})
