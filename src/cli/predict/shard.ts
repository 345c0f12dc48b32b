import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { parse as parsePath, join } from 'node:path'
import { isMissing } from '../../models/files.ts'
import { toFileError, UsageError } from './errors.ts'
import { BLOCK_ROWS } from './output.ts'
import type { Row } from './rows.ts'

/** One of `count` contiguous parts of the input, `index` from 0. */
export interface Shard {
  index: number
  count: number
}

export interface RowRange {
  firstRow: number
  rows: number
}

/** What is stored beside a shard's output: `--merge` checks that the shards belong together. */
export interface ShardRecord extends RowRange {
  version: 1
  /** Model and options. */
  identity: string
  /** SHA-256 of all rows of the input. */
  input: string
  totalRows: number
}

const MAX_SHARDS = 100_000

/**
 * `I/N`, or `N` alone with the index from JOB_COMPLETION_INDEX, which Kubernetes sets in the pods of an Indexed Job.
 * @throws {UsageError} if it is neither
 */
export function parseShard (value: string, env: NodeJS.ProcessEnv): Shard {
  const [, given, of] = /^(?:(\d{1,6})\/)?(\d{1,6})$/.exec(value) ?? []
  const index = Number(given ?? env.JOB_COMPLETION_INDEX ?? NaN)
  const count = Number(of)
  if (of !== undefined && given === undefined && Number.isNaN(index)) {
    throw new UsageError(`--shard ${value} takes the index from JOB_COMPLETION_INDEX, which is not set; give --shard I/${value}, I from 0`)
  }
  if (!(count >= 1 && count <= MAX_SHARDS && Number.isInteger(index) && index >= 0 && index < count)) {
    throw new UsageError(`--shard must be I/N with I from 0 to N-1 and N up to ${MAX_SHARDS}, not "${value}"`)
  }
  return { index, count }
}

/** The output of one shard: `out.csv.gz` has `out.shard-0-of-4.csv.gz`. */
export function shardPath (out: string, { index, count }: Shard): string {
  const { dir, stem, extension } = splitPath(out)
  return join(dir, `${stem}.shard-${index}-of-${count}${extension}`)
}

/** The path before and from the extension, which may be a double one such as `.csv.gz`. */
export function splitPath (path: string): { dir: string, stem: string, extension: string } {
  const { dir, base } = parsePath(path)
  const extension = /(?:\.[^.]+)?(?:\.gz)?$/i.exec(base)?.[0] ?? ''
  return { dir, stem: base.slice(0, base.length - extension.length), extension }
}

export const recordPath = (path: string): string => `${path}.shard.json`

/**
 * The rows of a shard. Shards end at the blocks of the output, so that they can be concatenated unchanged. If there are more shards
 * than blocks, some are empty.
 */
export function shardRows (totalRows: number, { index, count }: Shard): RowRange {
  const blocks = Math.ceil(totalRows / BLOCK_ROWS)
  // Rounded up: the first shard, which has the header, is not empty while another one has rows.
  const start = (part: number): number => Math.min(totalRows, Math.ceil(part * blocks / count) * BLOCK_ROWS)
  return { firstRow: start(index), rows: start(index + 1) - start(index) }
}

/** Reads the whole input without scoring it. */
export async function surveyRows (rows: AsyncIterable<Row>): Promise<{ totalRows: number, input: string }> {
  const hash = createHash('sha256')
  let totalRows = 0
  for await (const { raw } of rows) {
    hash.update(JSON.stringify(raw))
    totalRows++
  }
  return { totalRows, input: hash.digest('hex') }
}

/** The rows of a range; reads at most one row beyond it. */
export async function * selectRows (rows: AsyncIterable<Row>, { firstRow, rows: wanted }: RowRange): AsyncGenerator<Row, void> {
  let number = 0
  for await (const row of rows) {
    if (number >= firstRow + wanted) return
    if (number++ >= firstRow) yield row
  }
}

/** Whether an output has its final name, which it gets when it is complete. */
export async function isComplete (path: string): Promise<boolean> {
  return await stat(path).then(() => true, (error: unknown) => {
    if (isMissing(error)) return false
    throw toFileError(error, 'read', path)
  })
}

export async function writeRecord (path: string, record: ShardRecord): Promise<void> {
  await writeFile(recordPath(path), `${JSON.stringify(record)}\n`).catch((error: unknown) => { throw toFileError(error, 'write', recordPath(path)) })
}

/** @throws {FileError} if it is missing or unreadable */
export async function readRecord (path: string): Promise<ShardRecord> {
  try {
    return JSON.parse(await readFile(recordPath(path), 'utf8')) as ShardRecord
  } catch (error) {
    throw toFileError(error, 'read', recordPath(path))
  }
}
