import { pipeline, Readable } from 'node:stream'
import { parse, CsvError } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import { InputError } from './input.ts'
import { UsageError } from './options.ts'
import { linesOf, type Format, type Row, type Scored } from './rows.ts'

const TAB = '\t'

export interface TableOptions {
  delimiter: string
  column: string
  header: boolean
  prefix: string
  hasMark: () => boolean
}

interface Parsed {
  record: string[]
  info: { lines: number }
}

/**
 * CSV, and TSV, which has no quotes (IANA's text/tab-separated-values). A short row is filled up with empty cells, as spreadsheets leave them out; one that is too
 * long stops the run.
 */
export class Table implements Format {
  readonly #options: TableOptions
  #columns: string[] | undefined
  #lineBreak = '\n'

  constructor (options: TableOptions) {
    this.#options = options
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    const { delimiter, header } = this.#options
    const parser = parse({ delimiter, info: true, relax_column_count: true, ...(delimiter === TAB && { quote: null }) })
    pipeline(Readable.from(this.#watched(chunks)), parser, () => {})
    let width = 0
    let index = -1
    try {
      for await (const { record, info } of parser as AsyncIterable<Parsed>) {
        if (this.#columns === undefined) {
          this.#columns = header ? record : []
          width = record.length
          index = this.#indexOf(record)
          if (header) continue
        }
        // A blank line between rows is none.
        if (width > 1 && record.length === 1 && record[0] === '') continue
        if (record.length > width) throw new InputError(`Line ${info.lines} has ${record.length} fields, and the first ${width}: correct it and give the same command again`)
        while (record.length < width) record.push('')
        yield { source: record, text: record[index] as string }
      }
    } catch (error) {
      throw error instanceof CsvError ? new InputError(`This is not CSV as it should be: ${error.message}`) : error
    }
  }

  head (labels: readonly string[]): string {
    if (!this.#options.header || this.#columns === undefined) return ''
    const added = ['label', ...labels.map((label) => `score_${label}`), 'error'].map((name) => this.#options.prefix + name)
    const taken = added.filter((name) => this.#columns?.includes(name))
    if (taken.length > 0) throw new UsageError(`The input has a column ${taken.join(' and ')} already: give the new ones a --prefix`)
    return (this.#options.hasMark() ? '\ufeff' : '') + this.#line([...this.#columns, ...added])
  }

  write ({ row, result }: Scored, labels: readonly string[]): string {
    return this.#line([...row.source, ...('error' in result
      ? ['', ...labels.map(() => ''), result.error]
      : [result.label, ...labels.map((label) => String(result.scores[label])), ''])])
  }

  #line (cells: readonly string[]): string {
    if (this.#options.delimiter === TAB) return cells.join(TAB) + this.#lineBreak
    return stringify([[...cells]], { delimiter: this.#options.delimiter, record_delimiter: this.#lineBreak })
  }

  /** The first line's end is the output's. */
  async * #watched (chunks: AsyncIterable<string>): AsyncGenerator<string, void> {
    let seen = false
    for await (const chunk of chunks) {
      const end = seen ? -1 : chunk.indexOf('\n')
      if (end >= 0) {
        seen = true
        if (chunk[end - 1] === '\r') this.#lineBreak = '\r\n'
      }
      yield chunk
    }
  }

  #indexOf (first: readonly string[]): number {
    const { column, header } = this.#options
    const named = header ? first.indexOf(column) : -1
    if (named >= 0) return named
    const number = Number(column)
    if (Number.isInteger(number) && number >= 1 && number <= first.length) return number - 1
    if (first.length === 1 && column === 'text') return 0
    throw new UsageError(header
      ? `There is no column "${column}"; the columns are ${first.map((name) => `"${name}"`).join(', ')}`
      : `Without a header give --column as a number from 1 to ${first.length}`)
  }
}

/** Plain lines, each a text; written as CSV with a column for it. */
export class Lines implements Format {
  readonly #table: Table
  readonly #prefix: string

  constructor (prefix: string) {
    this.#prefix = prefix
    this.#table = new Table({ delimiter: ',', column: 'text', header: false, prefix, hasMark: () => false })
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    for await (const line of linesOf(chunks)) yield { source: [line], text: line }
  }

  head (labels: readonly string[]): string {
    return `${['text', ...['label', ...labels.map((label) => `score_${label}`), 'error'].map((name) => this.#prefix + name)].join(',')}\n`
  }

  write (scored: Scored, labels: readonly string[]): string {
    return this.#table.write(scored, labels)
  }
}
