import { formatCell, resultCells, resultNames, type ResultOptions } from './cells.ts'
import { describeDelimiter, detectDialect } from './dialect.ts'
import { FileError, UsageError } from './errors.ts'
import { readRecords } from './records.ts'
import type { Format, Row, ScoredRow } from './rows.ts'

/** A header that may well be one column: words, without a character that could separate columns. */
const PLAIN_NAME = /^(?!.* {2})[\p{L}\p{M}\p{N} _.'’()?!/&-]*$/u

export interface TableOptions extends ResultOptions {
  /** Undefined: detected by the content. */
  delimiter: string | undefined
  /** The delimiter that wins if several fit. */
  preferred: string
  column: string
  header: boolean
  hasMark: () => boolean
}

/**
 * CSV and TSV. Rows are written as they were read, with new cells at their end. A short row is filled up with empty cells, because
 * spreadsheets leave them out; one with more cells than the first row stops the run.
 */
export class Table implements Format {
  readonly #options: TableOptions
  #delimiter = ','
  #preamble = ''
  #header: { raw: string, names: string[] } | undefined
  #lineBreak = '\n'

  constructor (options: TableOptions) {
    this.#options = options
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    const dialect = await detectDialect(chunks, this.#options)
    this.#delimiter = dialect.delimiter
    this.#preamble = dialect.preamble
    let width = 0
    let index = -1
    for await (const { cells, raw, lineBreak, line, tooLong } of readRecords(dialect.chunks, dialect.delimiter)) {
      // A blank line before the header, or between rows of several cells, is not a row.
      if (raw === '' && !tooLong && (width > 1 || (width === 0 && this.#options.header))) continue
      if (width === 0) {
        width = cells.length
        if (lineBreak === '\r\n') this.#lineBreak = lineBreak
        index = this.#findColumn(cells)
        if (this.#options.header) {
          if (tooLong) throw new FileError(`Line ${line}: the header is too long`)
          this.#setHeader(raw, cells)
          continue
        }
      }
      if (cells.length > width) {
        throw new FileError(`Line ${line} has ${cells.length} cells and the first row ${width}, separated by ${describeDelimiter(this.#delimiter)}; correct it and run the same command again`)
      }
      const row = { raw: raw + this.#delimiter.repeat(width - cells.length), text: cells[index] ?? '' }
      yield tooLong ? { ...row, error: 'LINE_TOO_LONG' } : row
    }
  }

  head (): string {
    const mark = this.#options.hasMark() ? '\ufeff' : ''
    const header = this.#header === undefined ? '' : this.#line(this.#header.raw, resultNames(this.#options))
    return mark + this.#preamble + header
  }

  write ({ row, result }: ScoredRow): string {
    return this.#line(row.raw, resultCells(result, this.#options))
  }

  #line (raw: string, added: readonly string[]): string {
    return [raw, ...added.map((cell) => formatCell(cell, this.#delimiter))].join(this.#delimiter) + this.#lineBreak
  }

  #setHeader (raw: string, names: string[]): void {
    const taken = resultNames(this.#options).filter((name) => names.includes(name))
    if (taken.length > 0) throw new UsageError(`The input has a column ${listNames(taken)} already; give the new columns a --prefix`)
    this.#header = { raw, names }
  }

  #findColumn (first: readonly string[]): number {
    const { column, header } = this.#options
    const named = header ? first.indexOf(column) : -1
    if (named >= 0) return named
    const number = Number(column)
    if (Number.isInteger(number) && number >= 1 && number <= first.length) return number - 1
    const [only = ''] = first
    if (first.length === 1 && column === 'text' && (!header || PLAIN_NAME.test(only))) return 0
    const separated = first.length === 1 ? '' : `, separated by ${describeDelimiter(this.#delimiter)},`
    throw new UsageError(header
      ? `There is no column "${column}"; the columns${separated} are ${listNames(first)}. Use --column to name one, or --delimiter if another character separates them`
      : `The first row has ${first.length} cells${separated.slice(0, -1)}: without a header --column must be a number from 1 to ${first.length}`)
  }
}

const MAX_NAMES = 20
const MAX_NAME_LENGTH = 60

function listNames (names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => `"${name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name}"`)
  return shown.join(', ') + (names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '')
}
