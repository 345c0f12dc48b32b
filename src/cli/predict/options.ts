import { parse as parsePath, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseDelimiter } from './dialect.ts'
import { UsageError } from './errors.ts'
import { parseShard, type Shard } from './shard.ts'

export const USAGE = `Usage: npm run predict -- FILE [options]       FILE may be gzipped; - is standard input

  --column NAME     column or key that holds the text, by name or by number from 1 (default: text)
  --format FORMAT   csv, tsv, ndjson or lines (default: by FILE's extension)
  --delimiter CHAR  character between the cells of a CSV or TSV file, or tab (default: detected)
  --encoding NAME   encoding of FILE, for example windows-1252 (default: UTF-8 or UTF-16, detected)
  --no-header       the first row of a CSV or TSV file is data, not column names
  --out FILE        output file (default: FILE with .scored before its extension; standard output for pipes); FILE.gz is gzipped
  --prefix TEXT     prefix of the new columns' names
  --sentences       add the columns sentences and mixed (NDJSON: the sentences with their scores), and read long texts whole
  --warnings        add the column warnings: SCRIPT if the model cannot read the text's script
  --keep-formulas   write plain lines that start with = + - @ unchanged (default: with ' in front, so that spreadsheets do not run them)
  --url URL         send the texts to this running service (API_KEY from the environment); without it the model runs in this process
  --shard I/N       score part I (from 0) of N of FILE into a separate file; with N alone, JOB_COMPLETION_INDEX is I
  --merge           join the outputs of all shards
  --restart         start over, and replace an existing output

The same command resumes a run that was stopped.
Exit codes: 0 all rows scored, 1 failed, 2 wrong usage, 3 completed with errors in some rows, 130 and 143 stopped by a signal.
`

export const FORMATS = ['csv', 'tsv', 'ndjson', 'lines'] as const
export type FormatName = typeof FORMATS[number]

export interface Options {
  /** Path, or `-`. */
  input: string
  column: string
  format: FormatName
  /** The format was given, not derived from the file's extension. */
  formatGiven: boolean
  delimiter: string | undefined
  encoding: string | undefined
  header: boolean
  /** Path, or undefined for standard output. */
  out: string | undefined
  prefix: string
  keepFormulas: boolean
  /** Predict each sentence, and the text as their mean. */
  sentences: boolean
  warnings: boolean
  url: string | undefined
  restart: boolean
  /** The part of the input to score. */
  shard: Shard | undefined
  /** Put the outputs of all shards together instead of scoring. */
  merge: boolean
}

const EXTENSIONS: Readonly<Record<string, FormatName>> = {
  '.csv': 'csv', '.tsv': 'tsv', '.tab': 'tsv', '.ndjson': 'ndjson', '.jsonl': 'ndjson', '.txt': 'lines'
}

/**
 * @param directory that relative paths are resolved against; undefined for the working directory
 * @param env has the shard's index in the pods of an Indexed Job
 * @returns undefined if help was requested
 * @throws {UsageError} with what is wrong
 */
export function parseOptions (args: readonly string[], directory?: string, env: NodeJS.ProcessEnv = {}): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help === true) return undefined
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new UsageError('Give one FILE, or - for standard input; --help lists the options')
  const locate = (path: string): string => {
    if (/^~(\/|$)/.test(path)) throw new UsageError(`${path}: the shell did not expand ~; write the whole path`)
    return directory === undefined ? path : resolve(directory, path)
  }
  const input = file === '-' ? file : locate(file)
  const format = values.format ?? EXTENSIONS[parsePath(withoutGzip(input)).ext.toLowerCase()]
  if (format === undefined) throw new UsageError(`The format of ${input === '-' ? 'standard input' : input} is unknown; give --format ${FORMATS.join(', ')}`)
  if (!isFormat(format)) throw new UsageError(`--format must be ${FORMATS.join(', ')}, not "${format}"`)
  const isTable = format === 'csv' || format === 'tsv'
  if (values.delimiter !== undefined && !isTable) throw new UsageError(`--delimiter is for csv and tsv, not for ${format}`)
  if (values.out !== undefined && values.out !== '-' && resolve(locate(values.out)) === resolve(input)) throw new UsageError('--out must not be the input')
  const out = values.out === '-' ? undefined : values.out !== undefined ? locate(values.out) : isStream(input) ? undefined : defaultOut(input, format)
  if (values.sentences === true && values.url !== undefined) throw new UsageError('--sentences is not available with --url, because a stream returns no sentences; without --url the model runs in this process')
  const [shard, merge] = [values.shard, values.merge === true]
  if (shard !== undefined && merge) throw new UsageError('Give either --shard or --merge')
  if ((shard !== undefined || merge) && (input === '-' || out === undefined)) throw new UsageError('--shard and --merge need a FILE and an output file')
  return {
    input,
    column: values.column ?? 'text',
    format,
    formatGiven: values.format !== undefined,
    delimiter: values.delimiter === undefined ? undefined : parseDelimiter(values.delimiter),
    encoding: values.encoding === undefined ? undefined : parseEncoding(values.encoding),
    header: values['no-header'] !== true,
    out,
    prefix: values.prefix ?? '',
    keepFormulas: values['keep-formulas'] === true,
    sentences: values.sentences === true,
    warnings: values.warnings === true,
    url: values.url === undefined ? undefined : parseUrl(values.url),
    restart: values.restart === true,
    shard: shard === undefined ? undefined : parseShard(shard, env),
    merge
  }
}

/**
 * The folder that the caller's paths are relative to. npm runs scripts in the package's folder and stores the caller's in
 * INIT_CWD; without npm it is the working directory.
 */
export function callerDirectory ({ npm_lifecycle_event: script, INIT_CWD: directory }: NodeJS.ProcessEnv): string | undefined {
  return script === 'predict' && directory !== undefined && directory !== process.cwd() ? directory : undefined
}

function parse (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        column: { type: 'string' },
        format: { type: 'string' },
        delimiter: { type: 'string' },
        encoding: { type: 'string' },
        'no-header': { type: 'boolean' },
        out: { type: 'string' },
        prefix: { type: 'string' },
        'keep-formulas': { type: 'boolean' },
        sentences: { type: 'boolean' },
        warnings: { type: 'boolean' },
        url: { type: 'string' },
        restart: { type: 'boolean' },
        shard: { type: 'string' },
        merge: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' }
      }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function parseEncoding (label: string): string {
  try {
    return new TextDecoder(label).encoding
  } catch {
    throw new UsageError(`--encoding "${label}" is unknown; examples: utf-8, utf-16le, windows-1252, windows-1251, shift_jis, gbk`)
  }
}

/** The service's base URL without a slash at its end. The messages do not repeat the value: it may hold a password. */
function parseUrl (value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new UsageError('--url must be an address that starts with http:// or https://')
  if (url.username !== '' || url.password !== '') throw new UsageError('--url must not contain a user name or password; the environment variable API_KEY holds the key')
  if (url.search !== '' || url.hash !== '') throw new UsageError('--url must not have a query or a fragment')
  return url.href.replace(/\/+$/, '')
}

/** Standard input, or the other end of a pipe, such as the shell's <(command): no output belongs beside it. */
function isStream (input: string): boolean {
  return input === '-' || /^\/(dev\/(stdin$|fd\/)|proc\/)/.test(input)
}

function isFormat (value: string): value is FormatName {
  return (FORMATS as readonly string[]).includes(value)
}

function withoutGzip (path: string): string {
  return path.replace(/\.gz$/i, '')
}

/** Plain lines become CSV: their output has columns. */
function defaultOut (input: string, format: FormatName): string {
  const plain = withoutGzip(input)
  const { ext } = parsePath(plain)
  return `${plain.slice(0, plain.length - ext.length)}.scored${format === 'lines' ? '.csv' : ext}${plain === input ? '' : '.gz'}`
}
