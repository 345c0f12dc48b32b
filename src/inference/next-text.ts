/**
 * The text whose turn is next, in memory that the workers share: who finishes first takes it and goes on at once, instead of
 * waiting until the main thread, which has to get a core from the workers first, hands it over.
 */

/** UTF-16 code units; a longer text, far beyond most models' limit, is handed over. */
const MAX_LENGTH = 4096
const STATE = 0
const LENGTH = 1
const HEADER_BYTES = 8

/** What the state is; a greater number is that of the worker that took the text and has not said so yet. */
const EMPTY = 0
const READY = 1

/** A worker's share in it, to be sent to its thread. */
export interface Seat {
  /** Of this worker alone. */
  readonly number: number
  readonly memory: SharedArrayBuffer
  /** One 32-bit integer: 1 while the worker may take texts. */
  readonly open: SharedArrayBuffer
}

/** The main thread's side. */
export class NextText {
  readonly #memory = new SharedArrayBuffer(HEADER_BYTES + 2 * MAX_LENGTH)
  readonly #header = new Int32Array(this.#memory, 0, 2)
  readonly #content = Buffer.from(this.#memory, HEADER_BYTES)
  #lastSeat = READY

  /** A share for one more worker, which may take texts from now on. */
  seat (): Seat {
    const open = new SharedArrayBuffer(4)
    Atomics.store(new Int32Array(open), 0, 1)
    return { number: ++this.#lastSeat, memory: this.#memory, open }
  }

  /**
   * Puts the text there in place of another, or nothing where it is too long; false where the other was taken and its worker
   * has not said so yet.
   */
  put (text: string): boolean {
    if (!this.withdraw()) return false
    if (text.length > MAX_LENGTH) return true
    Atomics.store(this.#header, LENGTH, this.#content.write(text, 'utf16le'))
    Atomics.store(this.#header, STATE, READY)
    return true
  }

  /** Takes the text away; false where it was taken and its worker has not said so yet. */
  withdraw (): boolean {
    const state = Atomics.compareExchange(this.#header, STATE, READY, EMPTY)
    return state === READY || state === EMPTY
  }

  /** The worker that took the text has said so. */
  release (): void {
    Atomics.store(this.#header, STATE, EMPTY)
  }
}

/** From now on the worker takes no text, or has just taken its last. */
export function closeSeat ({ open }: Seat): void {
  Atomics.store(new Int32Array(open), 0, 0)
}

/** Whether the worker took the text and has not said so yet. */
export function hasNextText ({ number, memory }: Seat): boolean {
  return Atomics.load(new Int32Array(memory), STATE) === number
}

/** For a worker: the text that lies ready, once. Whoever gets it must say so with its next message. */
export function takeNextText ({ number, memory, open }: Seat): string | undefined {
  if (Atomics.load(new Int32Array(open), 0) !== 1) return undefined
  const header = new Int32Array(memory, 0, 2)
  if (Atomics.compareExchange(header, STATE, READY, number) !== READY) return undefined
  return Buffer.from(memory, HEADER_BYTES, Atomics.load(header, LENGTH)).toString('utf16le')
}
