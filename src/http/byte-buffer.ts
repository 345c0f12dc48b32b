const EMPTY = Buffer.alloc(0)

/**
 * Bytes that arrive in pieces, joined on arrival. A list of pieces would keep an object and its part of a read buffer for each:
 * a body sent in one-byte chunks would take hundreds of times its length.
 */
export class ByteBuffer {
  #bytes: Buffer = EMPTY
  #length = 0

  get length (): number {
    return this.#length
  }

  append (piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      // Doubles, so that the cost of copying stays linear; exact for bytes that arrive in one piece.
      const capacity = Math.max(length, 2 * this.#bytes.length)
      const grown = Buffer.allocUnsafe(capacity)
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** All bytes so far; empties the buffer. */
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
