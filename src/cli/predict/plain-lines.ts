import { disarmFormula, formatCell, resultCells, resultNames, type ResultOptions } from './cells.ts'
import { UsageError } from './errors.ts'
import { splitLines } from './lines.ts'
import type { Format, Row, ScoredRow } from './rows.ts'

export interface PlainLinesOptions extends ResultOptions {
  /** Write texts that a spreadsheet would run as formulas unchanged. */
  keepFormulas: boolean
  /** The column that a table would have. */
  column: string
  /** Stop if the first line contains a tab or the name of the column: the format was not given, and the input looks like a table. */
  refuseTables: boolean
  hasMark: () => boolean
}

/** Plain lines, each a text, written as CSV with a column `text`. */
export class PlainLines implements Format {
  readonly #options: PlainLinesOptions

  constructor (options: PlainLinesOptions) {
    this.#options = options
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    let isFirst = true
    for await (const line of splitLines(chunks)) {
      if (isFirst && this.#options.refuseTables && line !== undefined && this.#isHeader(line)) {
        throw new UsageError('The first line looks like the header of a table: give --format csv or tsv if the file is one, or --format lines if each line is a text')
      }
      isFirst = false
      yield line === undefined ? { raw: '', text: '', error: 'LINE_TOO_LONG' } : { raw: line, text: line }
    }
  }

  head (): string {
    return (this.#options.hasMark() ? '\ufeff' : '') + formatLine(['text', ...resultNames(this.#options)])
  }

  write ({ row: { raw }, result }: ScoredRow): string {
    return formatLine([this.#options.keepFormulas ? raw : disarmFormula(raw), ...resultCells(result, this.#options)])
  }

  #isHeader (line: string): boolean {
    const cells = line.split(/[,;|]/).map((cell) => cell.replace(/^"(.*)"$/, '$1'))
    return line.includes('\t') || (cells.length > 1 && cells.includes(this.#options.column))
  }
}

function formatLine (cells: readonly string[]): string {
  return `${cells.map((cell) => formatCell(cell, ',')).join(',')}\n`
}
