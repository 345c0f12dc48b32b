import { spawnSync } from 'node:child_process'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasProgram } from '../../support/find-program.ts'
import { convert, createTable, HEADER_CELLS, RESULT_CELLS } from './support.ts'

const SAMPLES = 500

interface Written { rows: string[][], text: string, delimiter: string }

const cell = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom('a', ' ', ',', ';', '\t', '|', '"', '\n', '\r', '\r\n', 'é', '😀', '\'', '='), maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replaceAll('\0', '')) }
)

/** Tables written as different programs do: with different delimiters, quoting and line ends, mixed in one file. */
const written: fc.Arbitrary<Written> = fc.integer({ min: 1, max: 4 }).chain((extra) => fc.record({
  rows: fc.array(fc.array(cell, { minLength: extra + 1, maxLength: extra + 1 }), { maxLength: 6 }),
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  lineBreaks: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 8, maxLength: 8 }),
  quoted: fc.array(fc.boolean(), { minLength: 50, maxLength: 50 }),
  isEndOpen: fc.boolean()
})).map(({ rows, delimiter, lineBreaks, quoted, isEndOpen }) => {
  const width = rows[0]?.length ?? 2
  const table = [['text', ...Array.from({ length: width - 1 }, (_, index) => `column ${index}`)], ...rows]
  let count = 0
  const format = (value: string): string => {
    // A quote inside a cell needs no quoting; at its start it does.
    const needed = value.startsWith('"') || /[\r\n]/.test(value) || value.includes(delimiter)
    return needed || quoted[count++ % quoted.length] === true ? `"${value.replaceAll('"', '""')}"` : value
  }
  const lines = table.map((cells, index) => cells.map(format).join(delimiter) + (lineBreaks[index] ?? '\n'))
  const text = lines.join('')
  return { rows: table, delimiter, text: isEndOpen ? text.replace(/(?:\r\n|\n|\r)$/, '') : text }
})

const expected = ({ rows }: Written): string[][] => rows.map((cells, index) => [...cells, ...(index === 0 ? HEADER_CELLS : RESULT_CELLS)])

/** In tab-separated files a quoted cell may not hold both a tab and a line break: the parser takes its quotes for characters. */
const isAmbiguous = ({ rows, delimiter }: Written): boolean => delimiter === '\t' && rows.flat().some((value) => value.includes('\t') && /[\r\n]/.test(value))

const samples = (): Written[] => fc.sample(written.filter((file) => !isAmbiguous(file)), { numRuns: SAMPLES })

/** The cells that Python's csv module reads from each file. */
function readWithPython (files: readonly { text: string, delimiter: string }[]): string[][][] {
  const program = 'import csv, io, json, sys\nfor file in json.load(sys.stdin): print(json.dumps(list(csv.reader(io.StringIO(file["text"], newline=""), delimiter=file["delimiter"]))))'
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify(files), encoding: 'utf8', maxBuffer: 1e9 })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as string[][])
}

describe('a table of any dialect', () => {
  it('has the same cells and the new columns in its output, as csv-parse reads them', async () => {
    for (const file of samples()) {
      const { texts, output } = await convert(createTable(), file.text)
      expect(texts).toEqual(file.rows.slice(1).map(([text]) => text))
      const options = { delimiter: file.delimiter, record_delimiter: ['\r\n', '\n', '\r'], relax_quotes: true }
      expect(parse(output, options)).toEqual(expected(file))
    }
  }, 60_000)

  it.skipIf(!hasProgram('python3'))('has the same cells and the new columns in its output, as Python reads them (needs python3)', async () => {
    const files = samples()
    expect(readWithPython(files)).toEqual(files.map(({ rows }) => rows))
    const outputs = []
    for (const { text, delimiter } of files) outputs.push({ text: (await convert(createTable(), text)).output, delimiter })
    expect(readWithPython(outputs)).toEqual(files.map(expected))
  }, 60_000)

  it.skipIf(!hasProgram('python3'))('is read as Python reads it or refused, however odd its quotes are (needs python3)', async () => {
    const odd = fc.string({ unit: fc.constantFrom('a', ',', '"', '"', '\n', '\r\n', '\r', ' '), maxLength: 25 })
    const files = fc.sample(odd, { numRuns: 4 * SAMPLES }).map((text) => ({ text: `text,b\n${text}`, delimiter: ',' }))
    const read = readWithPython(files)
    let refused = 0
    for (const [index, { text }] of files.entries()) {
      const result = await convert(createTable(), text).catch(() => undefined)
      if (result === undefined) refused++
      else expect(result.texts).toEqual(read[index]?.slice(1).filter(({ length }) => length > 0).map(([first]) => first))
    }
    expect(refused).toBeLessThan(files.length / 2)
  }, 60_000)

  it('is read the same with the delimiter given as with the delimiter detected', async () => {
    for (const file of samples()) {
      expect(await convert(createTable(), file.text)).toEqual(await convert(createTable({ delimiter: file.delimiter }), file.text))
    }
  }, 60_000)
})
