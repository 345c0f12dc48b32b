import { mergeShards } from './merge.ts'
import { FileOutput, StandardOutput, type Output } from './output.ts'
import { inProcessScorer } from './in-process.ts'
import { openInput, type Input } from './input.ts'
import { JsonLines } from './json-lines.ts'
import type { Options } from './options.ts'
import { PlainLines } from './plain-lines.ts'
import { remoteScorer } from './remote.ts'
import { groupRows, type Format, type Row, type Scorer } from './rows.ts'
import { isComplete, selectRows, shardPath, shardRows, surveyRows, writeRecord, type RowRange, type Shard } from './shard.ts'
import { Table } from './table.ts'
import { SingleBar } from 'cli-progress'

/** Milliseconds between two lines if standard error is not a terminal. */
const LINE_MS = 10_000
const STEPS = 1000

/** Progress of a run: a bar on a terminal, a line every 10 seconds elsewhere. */
export class Progress {
  readonly #input: Input
  readonly #stream: NodeJS.WriteStream
  readonly #start = performance.now()
  #bar: SingleBar | undefined
  #rows = 0
  #lineAt = performance.now() + LINE_MS

  constructor (input: Input, stream: NodeJS.WriteStream = process.stderr) {
    this.#input = input
    this.#stream = stream
  }

  get rows (): number {
    return this.#rows
  }

  /** Rows per second since the start of this run. */
  get rate (): number {
    return this.#rows / Math.max(0.001, (performance.now() - this.#start) / 1000)
  }

  add (rows: number): void {
    this.#rows += rows
    const { totalBytes, readBytes } = this.#input
    const share = totalBytes === undefined || totalBytes === 0 ? undefined : readBytes() / totalBytes
    if (this.#stream.isTTY) this.#draw(share ?? 0)
    else if (performance.now() > this.#lineAt) {
      this.#lineAt += LINE_MS
      this.#stream.write(`${this.#rows} rows${share === undefined ? '' : `, ${Math.round(share * 100)} %`}, ${Math.round(this.rate)} rows/s\n`)
    }
  }

  stop (): void {
    this.#bar?.stop()
    this.#bar = undefined
  }

  #draw (share: number): void {
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({ format: '{bar} {percentage}% {rows} rows, {rate} rows/s, {eta_formatted} left', stream: this.#stream, hideCursor: true, etaBuffer: 100 })
      this.#bar.start(STEPS, 0, { rows: 0, rate: 0 })
    }
    this.#bar.update(Math.round(share * STEPS), { rows: this.#rows, rate: Math.round(this.rate) })
  }
}

export interface RunContext {
  env: NodeJS.ProcessEnv
  workerUrl: URL
  /** Aborts to stop the run. */
  stop: AbortController
  /** Writes a line for the user. */
  report: (line: string) => void
}

export interface RunResult {
  /** Rows that could not be scored, those of earlier runs included. */
  errors: number
  stopped: boolean
}

/** Scores a file, or the rest of it after an interruption, or merges the outputs of its shards. */
export async function run (given: Options, context: RunContext): Promise<RunResult> {
  const { shard, out = '', merge, restart } = given
  if (merge) {
    context.report(`${await mergeShards(out, restart)} rows are in ${out}`)
    return { errors: 0, stopped: false }
  }
  if (shard === undefined) return await score(given, context)
  const options = { ...given, out: shardPath(out, shard) }
  // A pod may be lost after its last write: the next one has nothing to do.
  if (!restart && await isComplete(options.out)) {
    context.report(`Shard ${shard.index} of ${shard.count} is complete: ${options.out}`)
    return { errors: 0, stopped: false }
  }
  return await score(options, context)
}

async function score (options: Options, { env, workerUrl, stop, report }: RunContext): Promise<RunResult> {
  const input = await openInput(options.input, options.encoding)
  const scorer = options.url === undefined ? await inProcessScorer(env, workerUrl, report, options.sentences) : await remoteScorer(options.url, env, report)
  try {
    const range = options.shard === undefined ? undefined : await prepareShard(options, options.shard, scorer)
    const output = await openOutput(options, scorer, stop)
    if (output.done > 0) report(`Resuming after ${output.done} rows`)
    try {
      return await scoreRows(options, { input, scorer, output, range, signal: stop.signal, report })
    } catch (error) {
      // The first failure is the one to report. If the last checkpoint fails, the one before is still valid.
      await output.stop().catch(() => {})
      throw error
    }
  } finally {
    await scorer.close()
  }
}

interface Parts {
  input: Input
  scorer: Scorer
  output: Output
  /** The rows of the shard; undefined for all. */
  range: RowRange | undefined
  signal: AbortSignal
  report: (line: string) => void
}

async function scoreRows (options: Options, { input, scorer, output, range, signal, report }: Parts): Promise<RunResult> {
  const format = createFormat(options, input, scorer.labels)
  const progress = new Progress(input)
  let { errors } = output
  // Of all shards, only the first has the head.
  let head = output.done > 0 || (options.shard?.index ?? 0) > 0 ? '' : undefined
  const rows = format.rows(input.chunks)
  try {
    for await (const scored of scorer.score(groupRows(skipDone(range === undefined ? rows : selectRows(rows, range), output)), signal)) {
      if (signal.aborted) break
      for (const item of scored) {
        const failed = 'error' in item.result
        if (failed) errors++
        const before = head ?? format.head()
        head = ''
        await output.add(item.row, before + format.write(item), failed)
      }
      progress.add(scored.length)
    }
  } finally {
    progress.stop()
  }
  if (signal.aborted) {
    await output.stop()
    return { errors, stopped: true }
  }
  await output.finish(head ?? format.head())
  const count = output.done + progress.rows
  const destination = options.out === undefined ? '' : ` ${count === 1 ? 'is' : 'are'} in ${options.out}`
  report(`${count} ${count === 1 ? 'row' : 'rows'}${destination}, ${errors} with an error, ${Math.round(progress.rate)} rows/s, scored by ${scorer.model}`)
  if (count > 0 && errors === count && options.format !== 'lines') report(`No row could be scored; the output has the reasons. The text is read from "${options.column}": --column names another`)
  return { errors, stopped: false }
}

/** The rows that no earlier run wrote. */
async function * skipDone (rows: AsyncIterable<Row>, output: Output): AsyncGenerator<Row, void> {
  let left = output.done
  for await (const row of rows) {
    if (left === 0) yield row
    else {
      left--
      output.skip(row)
    }
  }
}

function createFormat (options: Options, { hasMark }: Input, labels: readonly string[]): Format {
  if (options.format === 'ndjson') return new JsonLines({ ...options, labels })
  if (options.format === 'lines') return new PlainLines({ ...options, labels, refuseTables: !options.formatGiven, hasMark })
  return new Table({ ...options, labels, preferred: options.format === 'tsv' ? '\t' : ',', hasMark })
}

/** Counts the rows, and stores the shard's range beside the output. */
async function prepareShard (options: Options, shard: Shard, scorer: Scorer): Promise<RowRange> {
  const input = await openInput(options.input, options.encoding)
  const survey = await surveyRows(createFormat(options, input, scorer.labels).rows(input.chunks))
  const range = shardRows(survey.totalRows, shard)
  await writeRecord(options.out as string, { version: 1, identity: describe(options, scorer), ...survey, ...range })
  return range
}

/** Everything that the output depends on besides the input. */
function describe ({ format, column, header, prefix, delimiter, encoding, keepFormulas, sentences, warnings }: Options, { model, labels }: Scorer): string {
  return [
    model, labels.join('/'), format, `column ${column}`,
    ...(header ? [] : ['no header']),
    ...(prefix === '' ? [] : [`prefix ${prefix}`]),
    ...(delimiter === undefined ? [] : [`delimiter ${JSON.stringify(delimiter)}`]),
    ...(encoding === undefined ? [] : [`encoding ${encoding}`]),
    ...(keepFormulas ? ['formulas kept'] : []),
    ...(sentences ? ['sentences'] : []),
    ...(warnings ? ['warnings'] : [])
  ].join(', ')
}

async function openOutput (options: Options, scorer: Scorer, stop: AbortController): Promise<Output> {
  const { out: path, restart, shard } = options
  if (path === undefined) return new StandardOutput()
  const identity = describe(options, scorer) + (shard === undefined ? '' : `, shard ${shard.index} of ${shard.count}`)
  return await FileOutput.open({ path, identity, restart, onLost: () => stop.abort(new Error('Another run is writing the output')) })
}
