import { FileError } from './errors.ts'
import { createRecordParser, type ParsedRecord } from './record-parser.ts'
import { MAX_ROW_LENGTH } from './rows.ts'

/** One record of a delimited file. */
export interface DelimitedRecord {
  cells: string[]
  /** The record as it stands in the file, quotes included, without its line break. */
  raw: string
  lineBreak: string
  /** Line on which the record starts, counted from 1. */
  line: number
  /** The record is longer than the limit: it has the cells within the limit, and an empty one for the next. */
  tooLong: boolean
}

/** Length in characters above which an incomplete record is searched again only once it has grown by half. */
const LONG_RECORD = 256 * 1024

/** Reads the records of a delimited file. Holds at most one record of `maxLength` characters, and one chunk. */
export async function * readRecords (chunks: AsyncIterable<string>, delimiter: string, maxLength = MAX_ROW_LENGTH): AsyncGenerator<DelimitedRecord, void> {
  const reader = new RecordReader(delimiter, maxLength)
  for await (const chunk of chunks) yield * reader.push(chunk)
  yield * reader.end()
}

class RecordReader {
  readonly #delimiter: string
  readonly #maxLength: number
  readonly #parse
  #text = ''
  #afterCarriageReturn = false
  /** Length that the text must reach before a long incomplete record is searched again: its cells may have many lines. */
  #retryLength = 0
  #line = 1
  /** Set while the rest of a record that is too long is dropped. */
  #skipper: RecordSkipper | undefined

  constructor (delimiter: string, maxLength: number) {
    this.#delimiter = delimiter
    this.#maxLength = maxLength
    this.#parse = createRecordParser(delimiter)
  }

  * push (chunk: string): Generator<DelimitedRecord, void> {
    this.#text += chunk
    // No record is complete without a line break.
    const mayEnd = this.#afterCarriageReturn || /[\r\n]/.test(chunk)
    this.#afterCarriageReturn = chunk.endsWith('\r')
    const isDue = mayEnd && this.#text.length >= this.#retryLength
    if (isDue || this.#skipper !== undefined || this.#text.length > this.#maxLength) yield * this.#records(false)
  }

  * end (): Generator<DelimitedRecord, void> {
    yield * this.#records(true)
    if (this.#skipper?.open === true) throw this.#quoteError()
  }

  * #records (ended: boolean): Generator<DelimitedRecord, void> {
    const text = this.#text
    let from = 0
    while (from < text.length) {
      if (this.#skipper !== undefined) {
        const { previous } = this.#skipper
        const end = this.#skipper.findEnd(text, from)
        // A CRLF may be divided between two chunks.
        this.#line += countLines(text.slice(from, end)) - Number(previous === '\r' && end > from && text[from] === '\n')
        from = end
        if (end === text.length || (!ended && end === text.length - 1 && text[end] === '\r')) break
        from += lineBreakAt(text, end).length
        this.#line++
        this.#skipper = undefined
        continue
      }
      const parsed = this.#parse(text, from, ended)
      // A CR at the end is not a part of the record yet.
      const length = (parsed.incomplete ? text.length - (text.endsWith('\r') ? 1 : 0) : parsed.end) - from
      const { cells, end, incomplete, open, unbalanced } = length > this.#maxLength ? this.#parseStart(text, from) : parsed
      if (unbalanced || (open && ended && length <= this.#maxLength)) throw this.#quoteError()
      if (length > this.#maxLength && incomplete) {
        yield { cells: [...cells, ''], raw: text.slice(from, end), lineBreak: '', line: this.#line, tooLong: true }
        this.#skipper = new RecordSkipper(this.#delimiter)
        continue
      }
      if (incomplete) break
      const raw = text.slice(from, end)
      const lineBreak = lineBreakAt(text, end)
      yield { cells, raw, lineBreak, line: this.#line, tooLong: false }
      this.#line += countLines(raw) + 1
      from = end + lineBreak.length
    }
    this.#text = text.slice(from)
    this.#retryLength = this.#text.length > LONG_RECORD ? 1.5 * this.#text.length : 0
  }

  /**
   * The cells of a record that is too long, as far as the limit reaches: independent of how the text was divided into chunks. In
   * a tab-separated file it may be complete: a quote that is not closed within the limit is a character.
   */
  #parseStart (text: string, from: number): ParsedRecord {
    const start = text.slice(from, from + this.#maxLength)
    const whole = this.#parse(start, 0, true)
    const isComplete = this.#delimiter === '\t' && (whole.end < start.length || /[\r\n]/.test(text.charAt(from + whole.end)))
    const parsed = isComplete ? whole : { ...this.#parse(start, 0, false), incomplete: true }
    return { ...parsed, end: from + parsed.end }
  }

  #quoteError (): FileError {
    return new FileError(`Line ${this.#line}: a quoted cell is not closed, or a quote in it is not doubled; correct it and run the same command again`)
  }
}

/** Finds the end of a record whose text is not kept. */
class RecordSkipper {
  /** Inside a quoted cell. */
  open = false
  /** The last character of the text before. */
  previous: string
  readonly #delimiter: string
  /** Whether that character closed a cell. */
  #closed = false

  constructor (delimiter: string) {
    this.#delimiter = delimiter
    this.previous = delimiter
  }

  /** Index of the record's line break, or the length of the text. */
  findEnd (text: string, from: number): number {
    const special = /["\r\n]/g
    special.lastIndex = from
    let closedAt = this.#closed ? from - 1 : -2
    for (let match = special.exec(text); match !== null; match = special.exec(text)) {
      const at = match.index
      if (match[0] !== '"') {
        if (!this.open) return at
      } else if (this.open) {
        this.open = false
        closedAt = at
      } else {
        // A quote opens a cell at its start; the second of two continues it.
        const previous = at > from ? text[at - 1] : this.previous
        this.open = this.#delimiter !== '\t' && (previous === this.#delimiter || closedAt === at - 1)
      }
    }
    this.previous = text.at(-1) ?? this.previous
    this.#closed = closedAt === text.length - 1
    return text.length
  }
}

function lineBreakAt (text: string, at: number): string {
  return text.startsWith('\r\n', at) ? '\r\n' : text.slice(at, at + 1)
}

function countLines (text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}
