/** A status line on a terminal; writes nothing if the stream is not a terminal. */
export class Progress {
  readonly #start = performance.now()
  readonly #stream: NodeJS.WriteStream

  constructor (stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** Replaces the line. */
  show (text: string): void {
    if (!this.#stream.isTTY) return
    const seconds = Math.floor((performance.now() - this.#start) / 1000)
    this.#stream.write(`\r\x1b[2K${seconds} s · ${text}`.slice(0, this.#stream.columns + 5))
  }

  clear (): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K')
  }
}
