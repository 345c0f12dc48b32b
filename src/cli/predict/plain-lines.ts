import { disarmFormula, formatCell, resultCells, resultNames } from './cells.ts'
import { UsageError } from './errors.ts'
import { splitLines } from './lines.ts'
import type { Format, Row, ScoredRow } from './rows.ts'

export interface PlainLinesOptions {
  prefix: string
  labels: readonly string[]
  /** Write texts that a spreadsheet would run as formulas unchanged. */
  keepFormulas: boolean
  /** Stop if the first line contains a tab: the format was not given, and the input looks like a table. */
  refuseTabs: boolean
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
      if (isFirst && this.#options.refuseTabs && line?.includes('\t') === true) {
        throw new UsageError('The first line contains tabs: give --format tsv if the file is a table, or --format lines if each line is a text')
      }
      isFirst = false
      yield line === undefined ? { raw: '', text: '', error: 'LINE_TOO_LONG' } : { raw: line, text: line }
    }
  }

  head (): string {
    const { prefix, labels, hasMark } = this.#options
    return (hasMark() ? '\ufeff' : '') + formatLine(['text', ...resultNames(labels, prefix)])
  }

  write ({ row: { raw }, result }: ScoredRow): string {
    const { labels, keepFormulas } = this.#options
    return formatLine([keepFormulas ? raw : disarmFormula(raw), ...resultCells(result, labels)])
  }
}

function formatLine (cells: readonly string[]): string {
  return `${cells.map((cell) => formatCell(cell, ',')).join(',')}\n`
}
