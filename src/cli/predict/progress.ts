import { SingleBar } from 'cli-progress'
import type { Input } from './input.ts'

/** Milliseconds between two lines if standard error is not a terminal. */
const LINE_MS = 10_000
const STEPS = 1000

/** Progress of a run: a bar on a terminal, a line every 10 seconds elsewhere. */
export class Progress {
  readonly #input: Input
  readonly #stream: NodeJS.WriteStream
  readonly #start = performance.now()
  #bar: SingleBar | undefined
  #rows = 0
  #lineAt = performance.now() + LINE_MS

  constructor (input: Input, stream: NodeJS.WriteStream = process.stderr) {
    this.#input = input
    this.#stream = stream
  }

  get rows (): number {
    return this.#rows
  }

  /** Rows per second since the start of this run. */
  get rate (): number {
    return this.#rows / Math.max(0.001, (performance.now() - this.#start) / 1000)
  }

  add (rows: number): void {
    this.#rows += rows
    const { totalBytes, readBytes } = this.#input
    const share = totalBytes === undefined || totalBytes === 0 ? undefined : readBytes() / totalBytes
    if (this.#stream.isTTY) this.#draw(share ?? 0)
    else if (performance.now() > this.#lineAt) {
      this.#lineAt += LINE_MS
      this.#stream.write(`${this.#rows} rows${share === undefined ? '' : `, ${Math.round(share * 100)} %`}, ${Math.round(this.rate)} rows/s\n`)
    }
  }

  stop (): void {
    this.#bar?.stop()
    this.#bar = undefined
  }

  #draw (share: number): void {
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({ format: '{bar} {percentage}% {rows} rows, {rate} rows/s, {eta_formatted} left', stream: this.#stream, hideCursor: true, etaBuffer: 100 })
      this.#bar.start(STEPS, 0, { rows: 0, rate: 0 })
    }
    this.#bar.update(Math.round(share * STEPS), { rows: this.#rows, rate: Math.round(this.rate) })
  }
}
