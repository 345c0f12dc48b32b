/** One row of the input. */
export interface Row {
  /** The whole row: what a resumed run compares, and what the output repeats. */
  source: readonly string[]
  text: string
  /** Code of what is wrong with the row itself: it is not scored. */
  error?: string
}

/** What the model said of a row, or the code of why it said nothing. */
export type Result = { label: string, scores: Readonly<Record<string, number>> } | { error: string }

export interface Scored {
  row: Row
  result: Result
}

/** A kind of file: how rows are read from it, and written with their results. */
export interface Format {
  rows: (chunks: AsyncIterable<string>) => AsyncGenerator<Row, void>
  /** What stands before the first row. Asked for once rows are read, or the input has ended. */
  head: (labels: readonly string[]) => string
  write: (scored: Scored, labels: readonly string[]) => string
}

const GROUP = 64

/** Rows in groups: a step for each row would cost more than the row. */
export async function * grouped (rows: AsyncIterable<Row>): AsyncGenerator<Row[], void> {
  let group: Row[] = []
  for await (const row of rows) {
    group.push(row)
    if (group.length < GROUP) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

/** Lines that end in LF or CRLF; the last needs no line break. */
export async function * linesOf (chunks: AsyncIterable<string>): AsyncGenerator<string, void> {
  let pieces: string[] = []
  for await (const chunk of chunks) {
    const lines = chunk.split('\n')
    const rest = lines.pop() as string
    for (const line of lines) {
      pieces.push(line)
      yield pieces.join('').replace(/\r$/, '')
      pieces = []
    }
    if (rest !== '') pieces.push(rest)
  }
  if (pieces.length > 0) yield pieces.join('').replace(/\r$/, '')
}
