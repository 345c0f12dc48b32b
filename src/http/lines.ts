const EMPTY = Buffer.alloc(0)

/**
 * Bytes that arrive in pieces and are joined on arrival. A list of pieces would keep an object and part of a read buffer for each of
 * them: a body sent in one-byte chunks would take hundreds of times its length.
 */
export class ByteBuffer {
  #bytes: Buffer
  #length = 0

  /** @param capacity bytes that can be appended without another allocation */
  constructor (capacity = 0) {
    this.#bytes = capacity === 0 ? EMPTY : Buffer.allocUnsafe(capacity)
  }

  get length (): number {
    return this.#length
  }

  append (piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      // Doubling keeps the cost of copying linear; bytes that arrive in one piece get exactly their length.
      const capacity = Math.max(length, 2 * this.#bytes.length)
      const grown = Buffer.allocUnsafe(capacity)
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** Returns all bytes so far and empties the buffer. */
  take (): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.clear()
    return bytes
  }

  clear (): void {
    this.#bytes = EMPTY
    this.#length = 0
  }
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** One line of a stream, without its line break. */
export interface Line {
  /** Counted from 1, blank lines included. */
  number: number
  /** Undefined if the line is longer than the limit: its bytes are dropped on arrival. */
  bytes: Buffer | undefined
}

/**
 * Splits a stream of bytes into lines that end in LF or CRLF; the last line needs no line break, and a leading byte order
 * mark is dropped. Keeps at most `maxBytes` of an unfinished line. Line splitters on npm decode early, which hides invalid UTF-8,
 * and do not bound the length of a line.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #unfinished = new ByteBuffer()
  #length = 0
  #number = 0

  /** @param maxBytes maximum length of a line, in bytes */
  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of the unfinished line. */
  get pending (): number {
    return this.#unfinished.length
  }

  /** Yields the lines that end in `chunk` as they are needed: the objects of all its lines would take ten times its bytes. */
  * push (chunk: Buffer): Generator<Line, void> {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield this.#finish(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** The last line, if it had no line break. */
  end (): Line[] {
    return this.#length > 0 ? [this.#finish(Buffer.alloc(0))] : []
  }

  #keep (piece: Buffer): void {
    this.#length += piece.length
    // One byte more than the limit: a CR at the end does not count.
    if (this.#length > this.#maxBytes + 1) this.#unfinished.clear()
    else this.#unfinished.append(piece)
  }

  /** @param last end of the line; not copied if it is the whole line */
  #finish (last: Buffer): Line {
    const whole = this.#length === 0
    if (!whole) this.#keep(last)
    let bytes: Buffer | undefined = whole ? last : this.#length <= this.#maxBytes + 1 ? this.#unfinished.take() : undefined
    this.#unfinished.clear()
    this.#length = 0
    this.#number++
    if (bytes?.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1)
    if (this.#number === 1 && bytes?.subarray(0, 3).equals(BYTE_ORDER_MARK) === true) bytes = bytes.subarray(3)
    return { number: this.#number, bytes: bytes !== undefined && bytes.length <= this.#maxBytes ? bytes : undefined }
  }
}

/** Consecutive items in arrays of `size`; the last one may be shorter. */
export function * inGroups<T> (items: Iterable<T>, size: number): Generator<T[], void> {
  let group: T[] = []
  for (const item of items) {
    if (group.push(item) < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
