import { resultNames, resultValues, type ResultOptions } from './cells.ts'
import { UsageError } from './errors.ts'
import { splitLines } from './lines.ts'
import type { Format, Row, ScoredRow } from './rows.ts'

export interface JsonLinesOptions extends ResultOptions {
  /** The key that holds the text. */
  column: string
}

/** Lines with these errors are not JSON objects or strings, and are written as {"raw", "error"}. */
const UNREADABLE = new Set(['NOT_JSON', 'NOT_AN_OBJECT', 'LINE_TOO_LONG'])

/** First line of a JSON document that is not NDJSON. */
const DOCUMENT_START = /^(?:\[\s*(?:\{|$)|\{$)/

/**
 * NDJSON: objects with the text under a key, or JSON strings. The new keys are added to the source of the object, which keeps
 * large numbers, spelling and the order of keys.
 */
export class JsonLines implements Format {
  readonly #options: JsonLinesOptions
  readonly #names: readonly string[]

  constructor (options: JsonLinesOptions) {
    this.#options = options
    this.#names = resultNames(options)
  }

  async * rows (chunks: AsyncIterable<string>): AsyncGenerator<Row, void> {
    let isFirst = true
    for await (const line of splitLines(chunks)) {
      const raw = line?.trim()
      if (raw === '') continue
      if (isFirst && raw !== undefined && DOCUMENT_START.test(raw)) throw new UsageError('The input is a JSON array, or objects of several lines: put each object on a line of its own, for example with jq -c \'if type == "array" then .[] else . end\'')
      isFirst = false
      if (raw === undefined) yield { raw: '', text: '', error: 'LINE_TOO_LONG' }
      else yield this.#parse(raw)
    }
  }

  head (): string {
    return ''
  }

  write ({ row: { raw, error }, result }: ScoredRow): string {
    const added = this.#format(result)
    if (error !== undefined && UNREADABLE.has(error)) return `{"raw":${JSON.stringify(raw)},${added}}\n`
    if (raw.startsWith('"')) return `{"text":${raw},${added}}\n`
    return `${raw.slice(0, -1).trimEnd()}${/^\{\s*\}$/.test(raw) ? '' : ','}${added}}\n`
  }

  #format (result: ScoredRow['result']): string {
    const names = this.#names.map((name) => JSON.stringify(name))
    if ('error' in result) return `${names.at(-1)}:${JSON.stringify(result.error)}`
    return resultValues(result, this.#options).map((value, index) => `${names[index]}:${JSON.stringify(value)}`).join(',')
  }

  #parse (raw: string): Row {
    let value: unknown
    try {
      value = JSON.parse(raw)
    } catch {
      return { raw, text: '', error: 'NOT_JSON' }
    }
    if (typeof value === 'string') return { raw, text: value }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { raw, text: '', error: 'NOT_AN_OBJECT' }
    const taken = this.#names.find((name) => Object.hasOwn(value, name))
    if (taken !== undefined) throw new UsageError(`The input has a key "${taken}" already; give the new keys a --prefix`)
    const text = Object.hasOwn(value, this.#options.column) ? (value as Record<string, unknown>)[this.#options.column] : undefined
    return typeof text === 'string' ? { raw, text } : { raw, text: '', error: 'NO_TEXT' }
  }
}
