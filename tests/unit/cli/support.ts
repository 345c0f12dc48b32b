import { JsonLines } from '../../../src/cli/predict/json-lines.ts'
import { PlainLines } from '../../../src/cli/predict/plain-lines.ts'
import type { Format, Result, Row } from '../../../src/cli/predict/rows.ts'
import { Table, type TableOptions } from '../../../src/cli/predict/table.ts'

export const LABELS = ['negative', 'positive']
export const RESULT: Result = { label: 'positive', scores: { negative: 0.25, positive: 0.75 } }
/** The new cells of a row that was scored with RESULT. */
export const RESULT_CELLS = ['positive', '0.25', '0.75', '']
export const HEADER_CELLS = ['label', 'score_negative', 'score_positive', 'error']

export const RESULT_OPTIONS = { labels: LABELS, prefix: '', sentences: false, warnings: false }

export const createTable = (options: Partial<TableOptions> = {}): Table =>
  new Table({ delimiter: undefined, preferred: ',', column: 'text', header: true, ...RESULT_OPTIONS, hasMark: () => false, ...options })
export const createJsonLines = (column = 'text', prefix = ''): JsonLines => new JsonLines({ ...RESULT_OPTIONS, column, prefix })
export const createPlainLines = (keepFormulas = false, refuseTables = false): PlainLines =>
  new PlainLines({ ...RESULT_OPTIONS, column: 'text', keepFormulas, refuseTables, hasMark: () => false })

/** The text in chunks of `size` characters. */
export async function * chunksOf (text: string, size = 65_536): AsyncGenerator<string, void> {
  for (let start = 0; start < text.length; start += size) yield await Promise.resolve(text.slice(start, start + size))
}

export async function collect<T> (items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Reads the input in chunks of `size` and writes it with RESULT for each row. */
export async function convert (format: Format, input: string, size?: number): Promise<{ rows: Row[], texts: string[], output: string }> {
  const rows = await collect(format.rows(chunksOf(input, size)))
  const written = rows.map((row) => format.write({ row, result: row.error === undefined ? RESULT : { error: row.error } }))
  return { rows, texts: rows.map(({ text }) => text), output: format.head() + written.join('') }
}
