import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRecords } from '../../../src/cli/predict/records.ts'
import { chunksOf, collect } from './support.ts'

const read = async (text: string, { size = 1000, limit = 1_000_000, delimiter = ',' } = {}) => await collect(readRecords(chunksOf(text, size), delimiter, limit))

describe('readRecords', () => {
  it.each([
    ['an unquoted cell', `a,${'x'.repeat(50)},b\nc,d\n`],
    ['a quoted cell', `a,"${'x'.repeat(50)}",b\nc,d\n`],
    ['a quoted cell with line breaks, doubled quotes and delimiters', `a,"x\ny\r\n""${'",""'.repeat(20)}"" z",b\nc,d\n`],
    ['a quoted cell with text after it', `a,"${'x'.repeat(50)}"y"z,b\nc,d\n`],
    ['an unquoted cell with quotes', `a,${'x"y""'.repeat(20)},b\nc,d\n`],
    ['many cells', `a,${'x,'.repeat(50)}\nc,d\n`]
  ])('drops the rest of a record that is too long because of %s, and reads the next one', async (_name, text) => {
    const whole = await read(text, { limit: 20 })
    expect(whole.map(({ tooLong }) => tooLong)).toEqual([true, false])
    expect(whole[0]?.cells[0]).toBe('a')
    expect(whole[1]?.cells).toEqual(['c', 'd'])
    for (let size = 1; size < 30; size++) expect(await read(text, { limit: 20, size })).toEqual(whole)
  })

  it('keeps a long record that is followed by CRLF in two chunks apart from the next', async () => {
    for (const size of [1, 51, 52, 53]) {
      expect((await read(`${'x'.repeat(51)}\r\na\r\n`, { limit: 10, size })).map(({ cells }) => cells)).toEqual([[''], ['a']])
    }
  })

  it('refuses a quote that is never closed behind the limit', async () => {
    await expect(read(`a\n"${'x'.repeat(50)}\nb\n`, { limit: 20 })).rejects.toThrow('Line 4: a quoted cell is not closed')
  })

  it('counts the lines of quoted cells and of dropped records', async () => {
    const records = await read(`a\n"b\r\nc\rd"\r\n"${'x\n'.repeat(30)}"\nz`, { limit: 20 })
    expect(records.map(({ line }) => line)).toEqual([1, 2, 5, 36])
  })

  it('counts a CRLF of a dropped record once, in any division', async () => {
    for (let size = 1; size < 8; size++) expect((await read('"xxxx\r\n"\nz', { limit: 3, size })).map(({ line }) => line)).toEqual([1, 3])
  })

  it('reads a tab-separated record of exactly the limit whose quote is a character, in any division', async () => {
    for (const size of [1, 2, 3, 4, 5]) {
      expect((await read('"aa\n\t', { limit: 3, size, delimiter: '\t' })).map(({ cells, tooLong }) => [cells, tooLong])).toEqual([[['"aa'], false], [['', ''], false]])
    }
  })

  it('gives the same records for any division into chunks, with any limit', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', ';', '\t', '"', '"', '\n', '\r', 'é', '😀'), maxLength: 60 })
    const outcome = async (input: string, size: number, limit: number, delimiter: string) =>
      await read(input, { size, limit, delimiter }).catch((error: Error) => error.message)
    await fc.assert(fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 3, max: 80 }), fc.constantFrom(',', '\t', ';'), async (input, size, limit, delimiter) => {
      expect(await outcome(input, size, limit, delimiter)).toEqual(await outcome(input, 1000, limit, delimiter))
    }), { numRuns: 2000 })
  })
})
