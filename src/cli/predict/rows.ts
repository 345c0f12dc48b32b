/** Longest row in characters: memory stays bounded whatever a file contains. */
export const MAX_ROW_LENGTH = 8 * 1024 * 1024

/** Total length in characters of the rows in flight, above which no further row is read: a limit on their number would allow any size. */
export const MAX_LENGTH_IN_FLIGHT = MAX_ROW_LENGTH

/** One row of the input. */
export interface Row {
  /** The row as it stands in the input: the output repeats it, and a resumed run compares it. */
  raw: string
  text: string
  /** Code of an error in the row itself; such a row is not scored. */
  error?: string
}

/** The model's answer for a row, or the code of the error that prevented one. */
export type Result = Scores | { error: string }

/** The model's answer for a row. */
export interface Scores {
  label: string
  scores: Readonly<Record<string, number>>
  /** The row's sentences with their offsets and scores; their number in a cell. */
  sentences?: readonly object[] | number
  /** One sentence is positive and another negative. */
  mixed?: boolean
  warnings?: readonly string[]
}

export interface ScoredRow {
  row: Row
  result: Result
}

/** A file format: reads rows, and writes them with their results. */
export interface Format {
  rows: (chunks: AsyncIterable<string>) => AsyncGenerator<Row, void>
  /** The text before the first row. Valid once the first row was read or the input has ended. */
  head: () => string
  write: (scored: ScoredRow) => string
}

/** Scores rows: in this process, or through a running service. */
export interface Scorer {
  /** Name, revision and number format: only the same model resumes a run. */
  model: string
  labels: readonly string[]
  /** The rows with their results, in order. Throws ScoringError if it cannot continue; returns when `signal` aborts. */
  score: (rows: AsyncIterable<readonly Row[]>, signal: AbortSignal) => AsyncGenerator<ScoredRow[], void>
  close: () => Promise<void>
}

/** Codes of temporary failures: the row is sent again, or the run ends; it is not marked. */
export const TEMPORARY: ReadonlySet<string> = new Set(['OVERLOADED', 'NOT_READY', 'TIMEOUT', 'REQUEST_TIMEOUT', 'RATE_LIMITED'])

const GROUP_ROWS = 64
const GROUP_LENGTH = 1024 * 1024

/** Rows in groups of at most 64: an asynchronous step per row would cost more than the row. */
export async function * groupRows (rows: AsyncIterable<Row>): AsyncGenerator<Row[], void> {
  let group: Row[] = []
  let length = 0
  for await (const row of rows) {
    group.push(row)
    length += row.raw.length
    if (group.length < GROUP_ROWS && length < GROUP_LENGTH) continue
    yield group
    group = []
    length = 0
  }
  if (group.length > 0) yield group
}
