const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** One line of a stream, without its line break. */
export interface Line {
  /** Counted from 1, blank lines included. */
  number: number
  /** Undefined where the line is longer than the limit: its bytes were dropped as they came. */
  bytes: Buffer | undefined
}

/**
 * Cuts a stream of bytes into lines that end in LF or CRLF; the last one needs no line break, and a byte order mark in
 * front of the first is dropped. Holds at most `maxBytes` of an unfinished line. Bytes, not strings: the line splitters
 * that npm has decode as they go, and would hide bytes that are no UTF-8 and lines that are too long.
 */
export class LineSplitter {
  readonly #maxBytes: number
  /** The unfinished line, in the pieces that it came in: they are joined once. */
  #pieces: Buffer[] = []
  #length = 0
  #number = 0

  /** @param maxBytes longest line, in bytes */
  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that end in `chunk`. */
  push (chunk: Buffer): Line[] {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end))
      lines.push(this.#finish())
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return lines
  }

  /** The line that had no line break, if there is one. */
  end (): Line[] {
    return this.#length > 0 ? [this.#finish()] : []
  }

  #keep (piece: Buffer): void {
    this.#length += piece.length
    // One more than the limit: a line's CR does not count, and comes last.
    if (this.#length > this.#maxBytes + 1) this.#pieces = []
    else this.#pieces.push(piece)
  }

  #finish (): Line {
    const whole = this.#length <= this.#maxBytes + 1
    let bytes = whole ? this.#pieces.length === 1 ? this.#pieces[0] as Buffer : Buffer.concat(this.#pieces) : undefined
    this.#pieces = []
    this.#length = 0
    this.#number++
    if (bytes?.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1)
    if (this.#number === 1 && bytes?.subarray(0, 3).equals(BYTE_ORDER_MARK) === true) bytes = bytes.subarray(3)
    return { number: this.#number, bytes: bytes !== undefined && bytes.length <= this.#maxBytes ? bytes : undefined }
  }
}
