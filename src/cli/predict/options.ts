import { parse as parsePath } from 'node:path'
import { parseArgs } from 'node:util'

export const USAGE = `Usage: npm run predict -- FILE [options]       FILE may be gzipped; - is standard input

  --column NAME    column (or key) that holds the text, by name or by number from 1 (default: text)
  --format FORMAT  csv, tsv, ndjson or lines (default: by FILE's extension)
  --no-header      the first row of a CSV or TSV file is a row, not the columns' names
  --out FILE       where to write (default: FILE with .scored before its extension; standard output for -); FILE.gz is gzipped
  --prefix TEXT    put in front of the names of the new columns
  --url URL        ask this running service (API_KEY from the environment); without it the model runs in this process
  --restart        begin anew, and replace an output that is there

A run that was stopped goes on where it was when the same command is given again.
Exit codes: 0 all rows scored, 1 failed, 2 wrong usage, 3 done, but some rows have an error, 130 and 143 stopped by a signal.
`

export const FORMATS = ['csv', 'tsv', 'ndjson', 'lines'] as const
export type FormatName = typeof FORMATS[number]

export interface Options {
  /** Path, or `-`. */
  input: string
  column: string
  format: FormatName
  header: boolean
  /** Path, or undefined for standard output. */
  out: string | undefined
  prefix: string
  url: string | undefined
  restart: boolean
}

/** The command cannot be carried out as it was given. */
export class UsageError extends Error {}

const EXTENSIONS: Readonly<Record<string, FormatName>> = {
  '.csv': 'csv', '.tsv': 'tsv', '.tab': 'tsv', '.ndjson': 'ndjson', '.jsonl': 'ndjson', '.txt': 'lines'
}

/** @throws {UsageError} saying what is wrong; `undefined` where help was asked for */
export function parseOptions (args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help === true) return undefined
  const [input] = positionals
  if (input === undefined || positionals.length > 1) throw new UsageError('Give one FILE, or - for standard input')
  const format = values.format ?? EXTENSIONS[parsePath(withoutGzip(input)).ext.toLowerCase()]
  if (format === undefined) throw new UsageError(`Say what ${input === '-' ? 'standard input' : input} is: --format ${FORMATS.join(', ')}`)
  if (!isFormat(format)) throw new UsageError(`--format takes ${FORMATS.join(', ')}, not "${format}"`)
  if (values.url !== undefined && !/^https?:\/\//.test(values.url)) throw new UsageError('--url takes an address that starts with http:// or https://')
  return {
    input,
    column: values.column ?? 'text',
    format,
    header: values['no-header'] !== true,
    out: values.out === '-' ? undefined : values.out ?? (input === '-' ? undefined : defaultOut(input, format)),
    prefix: values.prefix ?? '',
    url: values.url?.replace(/\/+$/, ''),
    restart: values.restart === true
  }
}

function parse (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        column: { type: 'string' },
        format: { type: 'string' },
        'no-header': { type: 'boolean' },
        out: { type: 'string' },
        prefix: { type: 'string' },
        url: { type: 'string' },
        restart: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' }
      }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function isFormat (value: string): value is FormatName {
  return (FORMATS as readonly string[]).includes(value)
}

function withoutGzip (path: string): string {
  return path.replace(/\.gz$/i, '')
}

/** Plain lines become CSV: they get columns. */
function defaultOut (input: string, format: FormatName): string {
  const plain = withoutGzip(input)
  const { ext } = parsePath(plain)
  return `${plain.slice(0, plain.length - ext.length)}.scored${format === 'lines' ? '.csv' : ext}${plain === input ? '' : '.gz'}`
}
