import { UsageError } from './options.ts'
import { linesOf, type Format, type Row, type Scored } from './rows.ts'

/**
 * NDJSON: objects with the text under a key, or JSON strings. The new keys are added to an object's own text, so that what
 * stands in it (large numbers, spelling, order) stays. What is no such row comes out as {"raw", "error"}.
 */
export class JsonLines implements Format {
  readonly #column: string
  readonly #prefix: string

  constructor (column: string, prefix: string) {
    this.#column = column
    this.#prefix = prefix
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    for await (const line of linesOf(chunks)) {
      const trimmed = line.trim()
      if (trimmed !== '') yield this.#row(trimmed)
    }
  }

  head (): string {
    return ''
  }

  write ({ row: { source: [raw = '', kind] }, result }: Scored, labels: readonly string[]): string {
    const name = (key: string): string => JSON.stringify(this.#prefix + key)
    const added = 'error' in result
      ? `${name('error')}:${JSON.stringify(result.error)}`
      : [`${name('label')}:${JSON.stringify(result.label)}`, ...labels.map((label) => `${name(`score_${label}`)}:${result.scores[label]}`)].join(',')
    if (kind === 'object') return `${raw.slice(0, -1).trimEnd()}${/^\{\s*\}$/.test(raw) ? '' : ','}${added}}\n`
    return kind === 'string' ? `{"text":${raw},${added}}\n` : `{"raw":${JSON.stringify(raw)},${added}}\n`
  }

  #row (raw: string): Row {
    let value: unknown
    try {
      value = JSON.parse(raw)
    } catch {
      return { source: [raw, 'raw'], text: '', error: 'NOT_JSON' }
    }
    if (typeof value === 'string') return { source: [raw, 'string'], text: value }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { source: [raw, 'raw'], text: '', error: 'NOT_AN_OBJECT' }
    const taken = Object.keys(value).find((key) => key.startsWith(this.#prefix) && /^(label|error|score_.*)$/.test(key.slice(this.#prefix.length)))
    if (taken !== undefined) throw new UsageError(`The input has a key ${taken} already: give the new ones a --prefix`)
    const text = (value as Record<string, unknown>)[this.#column]
    if (typeof text !== 'string') return { source: [raw, 'object'], text: '', error: 'NO_TEXT' }
    return { source: [raw, 'object'], text }
  }
}
