import type { Result } from './rows.ts'

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

/** Names of the new columns, or keys, in order. */
export function resultNames (labels: readonly string[], prefix: string): string[] {
  return ['label', ...labels.map((label) => `score_${label}`), 'error'].map((name) => prefix + name)
}

/** Cells of the new columns, in the order of `resultNames`. */
export function resultCells (result: Result, labels: readonly string[]): string[] {
  return 'error' in result
    ? ['', ...labels.map(() => ''), result.error]
    : [result.label, ...labels.map((label) => String(result.scores[label])), '']
}
