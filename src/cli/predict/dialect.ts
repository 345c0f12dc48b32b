import { UsageError } from './errors.ts'
import { createRecordParser } from './record-parser.ts'

/** Characters of the input that are read to detect the delimiter if the header alone does not decide. */
const SAMPLE_LENGTH = 64 * 1024

/** Delimiters that are detected, with their names; the first ones win if several fit. */
const DELIMITERS: ReadonlyMap<string, string> = new Map([[',', 'commas'], [';', 'semicolons'], ['\t', 'tabs'], ['|', 'vertical bars']])

/** Excel's line that names the delimiter. It is not a row. */
const SEP_LINE = /^"?sep=([^"\r\n])"?(?:\r\n|\n|\r)/i

export interface DialectOptions {
  /** The delimiter given; without it one is detected, and `preferred` wins if several fit. */
  delimiter: string | undefined
  preferred: string
  column: string
  header: boolean
}

export interface Dialect {
  delimiter: string
  /** A first line that is not a row and is repeated in the output. */
  preamble: string
  /** The input after the preamble. */
  chunks: AsyncIterable<string>
}

/**
 * Recognises the delimiter: by Excel's `sep=` line; else the one under which the header contains the column; else the one that
 * divides the most rows of the input's beginning evenly. The same input always gives the same answer, however it is chunked.
 */
export async function detectDialect (chunks: AsyncIterable<string>, options: DialectOptions): Promise<Dialect> {
  const iterator = chunks[Symbol.asyncIterator]()
  let sample = ''
  let ended = false
  let delimiter: string | undefined
  while (delimiter === undefined) {
    const { done, value } = await iterator.next()
    if (done === true) ended = true
    else sample += value
    delimiter = decide(sample, ended, options)
  }
  const preamble = SEP_LINE.exec(sample)?.[0] ?? ''
  async function * rest (): AsyncGenerator<string, void> {
    yield sample.slice(preamble.length)
    yield * { [Symbol.asyncIterator]: () => iterator }
  }
  return { delimiter, preamble, chunks: rest() }
}

/** A delimiter in words, for messages. */
export function describeDelimiter (delimiter: string): string {
  return DELIMITERS.get(delimiter) ?? JSON.stringify(delimiter)
}

/** @throws {UsageError} unless the value is one character, or the name of one */
export function parseDelimiter (value: string): string {
  const named = { tab: '\t', '\\t': '\t', comma: ',', semicolon: ';', pipe: '|', space: ' ' }[value.toLowerCase()] ?? value
  if (named.length !== 1 || /["\r\n]/.test(named)) throw new UsageError('--delimiter must be one character other than a quote, or tab, comma, semicolon, pipe or space')
  return named
}

/** The delimiter, or undefined if more of the input is needed. */
function decide (text: string, ended: boolean, { delimiter, preferred, column, header }: DialectOptions): string | undefined {
  const sample = text.slice(0, SAMPLE_LENGTH)
  const complete = ended || text.length >= SAMPLE_LENGTH
  // A CR at the end may be half of a CRLF.
  if (!complete && !/[^\r\n](?:\r\n|\n|\r(?!\n|$))/.test(sample)) return undefined
  const named = SEP_LINE.exec(sample)?.[1]
  if (delimiter !== undefined || named !== undefined) return delimiter ?? named
  const candidates = [...new Set([preferred, ...DELIMITERS.keys()])]
  const start = sample.search(/[^\r\n]/)
  if (start < 0) return complete ? preferred : undefined
  if (header) {
    const headers = candidates.map((candidate) => createRecordParser(candidate)(sample, start, complete))
    if (headers.some(({ incomplete }) => incomplete)) return complete ? preferred : undefined
    const index = headers.findIndex(({ cells }) => cells.includes(column))
    if (index >= 0) return candidates[index]
  }
  return complete ? mostEven(sample, start, ended && text.length <= SAMPLE_LENGTH, candidates) : undefined
}

/** The candidate that divides every row of the sample into the same number of cells; else the one with the most cells in the first row. */
function mostEven (sample: string, start: number, ended: boolean, candidates: readonly string[]): string | undefined {
  const widths = candidates.map((candidate) => rowWidths(sample, start, ended, candidate))
  const even = widths.findIndex(([first = 1, ...others]) => first > 1 && others.every((width) => width === first))
  if (even >= 0) return candidates[even]
  const most = Math.max(...widths.map(([first = 1]) => first))
  return candidates[widths.findIndex(([first = 1]) => first === most)]
}

function rowWidths (sample: string, start: number, ended: boolean, delimiter: string): number[] {
  const parse = createRecordParser(delimiter)
  const widths: number[] = []
  for (let from = start; from < sample.length;) {
    const { cells, end, incomplete } = parse(sample, from, ended)
    if (incomplete) break
    // A blank line between rows is not a row.
    if (end > from) widths.push(cells.length)
    from = end + 1
  }
  return widths
}
