import type { Result, Scores } from './rows.ts'

/** First characters that make a spreadsheet run a cell as a formula. Source: OWASP, "CSV Injection". */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/

/** A cell of a delimited file, in quotes if it needs them (RFC 4180; any line break, not only the file's own). */
export function formatCell (cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** The text with an apostrophe in front if a spreadsheet would run it as a formula. */
export function disarmFormula (text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text
}

/** What decides which columns, or keys, are added to a row. */
export interface ResultOptions {
  labels: readonly string[]
  /** Put in front of each name. */
  prefix: string
  /** Add `sentences` and `mixed`. */
  sentences: boolean
  /** Add `warnings`. */
  warnings: boolean
}

/** Names of the new columns, or keys, in order; the last one is `error`. */
export function resultNames ({ labels, prefix, sentences, warnings }: ResultOptions): string[] {
  const optional = [...(sentences ? ['sentences', 'mixed'] : []), ...(warnings ? ['warnings'] : [])]
  return ['label', ...labels.map((label) => `score_${label}`), ...optional, 'error'].map((name) => prefix + name)
}

/** Values of the new columns of a scored row, in the order of `resultNames`, without that of `error`. */
export function resultValues (result: Scores, { labels, sentences, warnings }: ResultOptions): unknown[] {
  const optional = [...(sentences ? [result.sentences ?? [], result.mixed ?? false] : []), ...(warnings ? [result.warnings ?? []] : [])]
  return [result.label, ...labels.map((label) => result.scores[label]), ...optional]
}

/** Cells of the new columns. The cell for the sentences holds their number. */
export function resultCells (result: Result, options: ResultOptions): string[] {
  if ('error' in result) return [...resultNames(options).slice(1).map(() => ''), result.error]
  const values = resultValues(options.sentences ? { ...result, sentences: Array.isArray(result.sentences) ? result.sentences.length : 0 } : result, options)
  return [...values.map((value) => Array.isArray(value) ? value.join(' ') : String(value)), '']
}
