import { MAX_ROW_LENGTH } from './rows.ts'

/**
 * Splits text into lines that end in LF, CRLF or CR, mixed as they may be; the last one needs no line break. A line longer than
 * `maxLength` characters is `undefined`: its text is dropped as it arrives.
 */
export async function * splitLines (chunks: AsyncIterable<string>, maxLength = MAX_ROW_LENGTH): AsyncGenerator<string | undefined, void> {
  const lineBreak = /\r\n|\n|\r/g
  let pieces: string[] = []
  let length = 0
  let afterCarriageReturn = false
  const keep = (piece: string): void => {
    length += piece.length
    if (length > maxLength) pieces = []
    else if (piece !== '') pieces.push(piece)
  }
  const finish = (): string | undefined => {
    const line = length > maxLength ? undefined : pieces.join('')
    pieces = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    if (chunk === '') continue
    let start = afterCarriageReturn && chunk.startsWith('\n') ? 1 : 0
    lineBreak.lastIndex = start
    for (let end = lineBreak.exec(chunk); end !== null; end = lineBreak.exec(chunk)) {
      keep(chunk.slice(start, end.index))
      yield finish()
      start = lineBreak.lastIndex
    }
    keep(chunk.slice(start))
    afterCarriageReturn = chunk.endsWith('\r')
  }
  if (length > 0) yield finish()
}
