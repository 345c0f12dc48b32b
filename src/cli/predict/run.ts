import { inProcessScorer } from './in-process.ts'
import { openInput, type Input } from './input.ts'
import { JsonLines } from './json-lines.ts'
import type { Options } from './options.ts'
import { FileOutput, type Output } from './output.ts'
import { Progress } from './progress.ts'
import { remoteScorer } from './remote.ts'
import { grouped, type Format, type Row } from './rows.ts'
import type { Scorer } from './scorer.ts'
import { StandardOutput } from './stdout.ts'
import { Lines, Table } from './table.ts'

export interface RunContext {
  env: NodeJS.ProcessEnv
  workerUrl: URL
  /** Aborts when the run is to be stopped. */
  stop: AbortController
  /** A line for the person at the terminal. */
  say: (line: string) => void
}

export interface RunResult {
  /** Rows that could not be scored, those of earlier runs included. */
  errors: number
  stopped: boolean
}

/** Scores a file, or what is left of it. */
export async function run (options: Options, { env, workerUrl, stop, say }: RunContext): Promise<RunResult> {
  const input = await openInput(options.input)
  const scorer = options.url === undefined ? await inProcessScorer(env, workerUrl, say) : await remoteScorer(options.url, env.API_KEY, say)
  try {
    const output = await openOutput(options, scorer, stop)
    if (output.done > 0) say(`Going on after ${output.done} rows`)
    try {
      return await score(options, { input, scorer, output, signal: stop.signal, say })
    } catch (error) {
      await output.stop()
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
  signal: AbortSignal
  say: (line: string) => void
}

async function score (options: Options, { input, scorer, output, signal, say }: Parts): Promise<RunResult> {
  const format = formatOf(options, input)
  const progress = new Progress(input)
  let { errors } = output
  let head = output.done > 0 ? '' : undefined
  try {
    for await (const scored of scorer.score(grouped(rest(format.rows(input.chunks), output)), signal)) {
      if (signal.aborted) break
      for (const item of scored) {
        const failed = 'error' in item.result
        if (failed) errors++
        const before = head ?? format.head(scorer.labels)
        head = ''
        await output.add(item.row, before + format.write(item, scorer.labels), failed)
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
  await output.finish(head === undefined ? format.head(scorer.labels) : '')
  say(`${output.done + progress.rows} rows${options.out === undefined ? '' : ` are in ${options.out}`}, ${errors} with an error, ${Math.round(progress.rate)} rows/s, scored by ${scorer.model}`)
  return { errors, stopped: false }
}

/** The rows that no earlier run has done. */
async function * rest (rows: AsyncIterable<Row>, output: Output): AsyncGenerator<Row, void> {
  let left = output.done
  for await (const row of rows) {
    if (left === 0) yield row
    else {
      left--
      output.skip(row)
    }
  }
}

function formatOf ({ format, column, header, prefix }: Options, { hasMark }: Input): Format {
  if (format === 'ndjson') return new JsonLines(column, prefix)
  if (format === 'lines') return new Lines(prefix)
  return new Table({ delimiter: format === 'tsv' ? '\t' : ',', column, header, prefix, hasMark })
}

async function openOutput ({ out, format, column, header, prefix, restart }: Options, { model, labels }: Scorer, stop: AbortController): Promise<Output> {
  if (out === undefined) return new StandardOutput()
  const identity = [model, labels.join('/'), format, `column ${column}`, ...(header ? [] : ['no header']), ...(prefix === '' ? [] : [`prefix ${prefix}`])].join(', ')
  return await FileOutput.open(out, identity, restart, () => stop.abort(new Error('The output is being written by another run')))
}
