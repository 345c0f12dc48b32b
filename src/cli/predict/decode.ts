import { FileError } from './errors.ts'

/** Bytes in which the encoding is detected, unless the first line ends earlier. */
const HEAD_BYTES = 4096
/** Shortest head, in bytes: the longest byte order mark. */
const MIN_HEAD_BYTES = 4

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** First bytes of files that are often given by mistake. */
const OTHER_FILES: ReadonlyArray<readonly [start: string, kind: string]> = [
  ['504b0304', 'an Excel workbook or another ZIP archive; save the sheet as CSV UTF-8'],
  ['504b0506', 'an empty ZIP archive'],
  ['1f8b', 'compressed twice with gzip; decompress it first'],
  ['d0cf11e0', 'an old Excel workbook; save the sheet as CSV UTF-8'],
  ['25504446', 'a PDF'],
  ['28b52ffd', 'compressed with Zstandard; decompress it first'],
  ['fd377a58', 'compressed with xz; decompress it first'],
  ['425a68', 'compressed with bzip2; decompress it first'],
  ['fffe0000', 'UTF-32; convert it to UTF-8'],
  ['0000feff', 'UTF-32; convert it to UTF-8']
]

export interface DecodeOptions {
  /** The input's name in messages. */
  name: string
  encoding: string | undefined
  /** Called if a table made from this input needs a byte order mark: it has one, or its encoding is not UTF-8. */
  onMark: () => void
}

/**
 * Decodes UTF-8 and UTF-16, with or without a byte order mark, or the encoding given. Single-byte encodings are not guessed: a
 * wrong guess would be silent.
 */
export async function * decodeText (bytes: AsyncIterable<Buffer>, { name, encoding, onMark }: DecodeOptions): AsyncGenerator<string, void> {
  const { head, all } = await takeHead(bytes, hasFirstLine)
  const found = encodingByMark(head)
  const label = found ?? encoding ?? guessEncoding(head, name)
  if (found !== undefined || label.toLowerCase().replace('-', '') !== 'utf8') onMark()
  const decoder = new TextDecoder(label, { fatal: true })
  let line = 1
  const decode = (chunk?: Buffer): string => {
    try {
      // Not without `stream`: Node 20 decodes windows-1252 as Latin-1 then.
      const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
      line += text.match(/\r\n|\n|\r/g)?.length ?? 0
      return text
    } catch {
      const advice = encoding === undefined ? '; if it has another encoding, name it: --encoding windows-1252, for example' : ''
      throw new FileError(`Cannot read ${name}: not valid ${decoder.encoding.toUpperCase()} after line ${line}${advice}`)
    }
  }
  for await (const chunk of all) yield decode(chunk)
  yield decode()
}

/** Joins the first chunks until `enough` holds or the input ends. `all` yields the whole input, head included. */
export async function takeHead (chunks: AsyncIterable<Buffer>, enough: (head: Buffer) => boolean): Promise<{ head: Buffer, all: AsyncGenerator<Buffer, void> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (!enough(head)) {
    const { done, value } = await iterator.next()
    if (done === true) break
    head = head.length === 0 ? value : Buffer.concat([head, value])
  }
  async function * all (): AsyncGenerator<Buffer, void> {
    if (head.length > 0) yield head
    yield * { [Symbol.asyncIterator]: () => iterator }
  }
  return { head, all: all() }
}

/** The first line ends in the head, and is followed by the null byte that belongs to its end in UTF-16. */
function hasFirstLine (head: Buffer): boolean {
  const before = head.subarray(0, -1)
  return head.length >= HEAD_BYTES || (head.length >= MIN_HEAD_BYTES && (before.includes(LINE_FEED) || before.includes(CARRIAGE_RETURN)))
}

function encodingByMark (head: Buffer): string | undefined {
  if (head.subarray(0, 4).toString('hex') === 'fffe0000') return undefined
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return head.subarray(0, 3).toString('hex') === 'efbbbf' ? 'utf-8' : undefined
}

/** @throws {FileError} if the head belongs to another kind of file */
function guessEncoding (head: Buffer, name: string): string {
  const start = head.toString('hex', 0, 4)
  const other = OTHER_FILES.find(([signature]) => start.startsWith(signature))
  if (other !== undefined) throw new FileError(`Cannot read ${name}: it is ${other[1]}`)
  if (isText(head, 'utf-8')) return 'utf-8'
  const nulls = [0, 0]
  for (let index = 0; index < head.length; index++) if (head[index] === 0) nulls[index % 2] = (nulls[index % 2] ?? 0) + 1
  const [even = 0, odd = 0] = nulls
  // The separators and the end of the first line are ASCII: in UTF-16 one byte of each is null. In UTF-16 text that is all ASCII, every
  // second byte is.
  const isSparse = (even + odd) * 4 < head.length
  if (isSparse && isText(head.filter((byte) => byte !== 0), 'utf-8')) return 'utf-8'
  const label = odd > even ? 'utf-16le' : 'utf-16be'
  if (even !== odd && isText(head, label)) return label
  if (!isSparse) throw new FileError(`Cannot read ${name}: it is not a text file; export it as CSV UTF-8 or NDJSON`)
  return 'utf-8'
}

/** Whether at most one in twenty characters of the head is a control character or unassigned. */
function isText (head: Uint8Array, label: string): boolean {
  try {
    // With `stream` a character may be cut off at the end of the head.
    const text = new TextDecoder(label, { fatal: true }).decode(head, { stream: true })
    const strange = text.match(/[^\P{Cc}\t\n\f\r]|\p{Cn}/gu)?.length ?? 0
    return strange * 20 <= text.length
  } catch {
    return false
  }
}
