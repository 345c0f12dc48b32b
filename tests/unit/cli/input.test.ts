import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeText } from '../../../src/cli/predict/decode.ts'
import { FileError, UsageError } from '../../../src/cli/predict/errors.ts'
import { openInput } from '../../../src/cli/predict/input.ts'
import { collect, createJsonLines, createPlainLines, createTable } from './support.ts'

let directory: string
beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'input-')) })
afterAll(async () => { await rm(directory, { recursive: true, force: true }) })

async function open (bytes: Buffer, encoding?: string) {
  const path = join(directory, 'input')
  await writeFile(path, bytes)
  return await openInput(path, encoding)
}

async function read (bytes: Buffer, encoding?: string): Promise<{ text: string, mark: boolean }> {
  const input = await open(bytes, encoding)
  return { text: (await collect(input.chunks)).join(''), mark: input.hasMark() }
}

/** Decodes the bytes as a pipe delivers them that sends `size` bytes at a time. */
async function decode (bytes: Buffer, size: number): Promise<string> {
  async function * chunks (): AsyncGenerator<Buffer, void> {
    for (let start = 0; start < bytes.length; start += size) yield await Promise.resolve(bytes.subarray(start, start + size))
  }
  return (await collect(decodeText(chunks(), { name: 'input', encoding: undefined, onMark: () => {} }))).join('')
}

const utf16 = (text: string, bigEndian: boolean): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}
const MARK = '\ufeff'
const TEXT = 'id;text\r\n1;ça va 😀\r\n'

describe('encodings', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT), TEXT, false],
    ['UTF-8 with a mark', Buffer.from(MARK + TEXT), TEXT, true],
    ['UTF-16 little-endian with a mark, as Excel writes Unicode text', utf16(MARK + TEXT, false), TEXT, true],
    ['UTF-16 big-endian with a mark', utf16(MARK + TEXT, true), TEXT, true],
    ['UTF-16 little-endian without a mark', utf16(TEXT, false), TEXT, true],
    ['UTF-16 big-endian without a mark', utf16(TEXT, true), TEXT, true],
    ['Cyrillic UTF-16 without a mark', utf16('текст\r\nпривет\r\n', false), 'текст\r\nпривет\r\n', true],
    ['Chinese UTF-16 without a mark', utf16('编号,文本\n1,好\n', true), '编号,文本\n1,好\n', true],
    ['UTF-8 with a null character', Buffer.from('text,id\nlo\0ng and very long,1\n'), 'text,id\nlo\0ng and very long,1\n', false],
    ['a short UTF-8 file with a null character', Buffer.from('id,text\n1,go\0od\n'), 'id,text\n1,go\0od\n', false],
    ['nothing', Buffer.alloc(0), '', false],
    ['one byte', Buffer.from('a'), 'a', false]
  ])('reads %s, at once, byte by byte and gzipped', async (_name, bytes, text, mark) => {
    expect(await read(bytes)).toEqual({ text, mark })
    expect(await read(gzipSync(bytes))).toEqual({ text, mark })
    for (const size of [1, 2, 3, 5]) expect(await decode(bytes, size)).toBe(text)
  })

  it('reads the encoding that is given, with the characters that Latin-1 lacks', async () => {
    expect(await read(Buffer.from([0x80, 0x93, 0xe9, 0x0a]), 'windows-1252')).toEqual({ text: '€“é\n', mark: true })
    expect(await read(Buffer.from([0x8e, 0xa9, 0x0a]), 'shift_jis')).toEqual({ text: '自\n', mark: true })
    expect(await read(Buffer.from(`${MARK}é\n`), 'windows-1252')).toEqual({ text: 'é\n', mark: true })
  })

  it.each([
    ['Latin-1', Buffer.from('text\na\ncaf\xe9\n', 'latin1'), 'not valid UTF-8 after line 1; if it has another encoding, name it: --encoding windows-1252'],
    ['half a character at the end', Buffer.from('text\né').subarray(0, -1), 'not valid UTF-8 after line 2'],
    ['half of a surrogate pair', Buffer.concat([utf16(`${MARK}a\n`, false), Buffer.from([0x3d, 0xd8, 0x61, 0x00])]), 'not valid UTF-16LE'],
    ['a workbook', Buffer.from('504b03041400', 'hex'), 'it is an Excel workbook or another ZIP archive; save the sheet as CSV UTF-8'],
    ['an empty archive', Buffer.concat([Buffer.from('504b0506', 'hex'), Buffer.alloc(18)]), 'it is an empty ZIP archive'],
    ['a file that was compressed twice', gzipSync(gzipSync('text\na\n')), 'compressed twice with gzip; decompress it first'],
    ['a tar archive', Buffer.concat([Buffer.from('a.csv'), Buffer.alloc(507)]), 'it is not a text file; export it as CSV UTF-8 or NDJSON'],
    ['UTF-32', Buffer.from('fffe000061000000', 'hex'), 'it is UTF-32'],
    ['damaged gzip', gzipSync('text\na\n').subarray(0, -9), 'damaged gzip data']
  ])('refuses %s with one line that names the remedy', async (_name, bytes, message) => {
    const error = await read(bytes).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FileError)
    expect((error as Error).message).toContain(message)
    expect((error as Error).message).not.toContain('\n')
  })

  it('names what is wrong with the path', async () => {
    await expect(openInput(join(directory, 'missing'))).rejects.toThrow(/^Cannot read .*missing: no such file or folder$/)
    await expect(openInput(directory)).rejects.toThrow('it is a folder')
    await expect(openInput(join(directory, 'input', 'below'))).rejects.toThrow('a part of the path is not a folder')
  })
})

describe('any bytes as a file', () => {
  const formats = [
    () => createTable(), () => createTable({ preferred: '\t' }), () => createTable({ header: false, column: '1' }),
    () => createJsonLines(), () => createPlainLines()
  ]
  const line = fc.oneof(
    fc.constantFrom('text', 'id,text', 'id;text', 'id\ttext', '"a', '""', '{"text":"a"}', '{"text":1}', '[', 'null', '{}', 'sep=;', '"__proto__"', '{"__proto__":{"text":"a"}}'),
    fc.string({ unit: 'binary', maxLength: 30 })
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    fc.tuple(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), fc.constantFrom<BufferEncoding>('utf8', 'utf16le', 'latin1'))
      .map(([lines, lineBreak, encoding]) => Buffer.from(lines.join(lineBreak), encoding))
  )
  const file = fc.tuple(bytes, fc.boolean(), fc.nat(20)).map(([content, zipped, cut]) => {
    const whole = zipped ? gzipSync(content) : content
    return cut < 5 ? whole.subarray(0, -cut || undefined) : whole
  })

  it('is read as rows, or refused with one line', async () => {
    await fc.assert(fc.asyncProperty(file, fc.constantFrom(...formats), async (content, createFormat) => {
      const input = await open(content)
      const format = createFormat()
      try {
        for (const row of await collect(format.rows(input.chunks))) {
          expect(format.head() + format.write({ row, result: { error: 'X' } })).toMatch(/X/)
        }
      } catch (error) {
        if (!(error instanceof FileError || error instanceof UsageError)) throw error
        expect(error.message).not.toBe('')
      }
    }), { numRuns: 500 })
  }, 60_000)
})
