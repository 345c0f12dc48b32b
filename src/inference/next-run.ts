import { MAX_LANES } from './lane-counts.ts'

/**
 * The texts of the next run, in memory that the workers share: who finishes first takes them and goes on at once, instead of
 * waiting until the main thread, which has to get a core from the workers first, hands them over.
 */

/** UTF-16 code units of all texts; a longer text, far beyond most models' limit, is handed over. */
const MAX_LENGTH = 4096
const STATE = 0
const COUNT = 1
/** The texts' lengths in bytes begin here. */
const LENGTHS = 2
const HEADER_INTEGERS = LENGTHS + MAX_LANES
const HEADER_BYTES = 4 * HEADER_INTEGERS

/** What the state is; a greater number is that of the worker that took the texts and has not said so yet. */
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
export class NextRun {
  readonly #memory = new SharedArrayBuffer(HEADER_BYTES + 2 * MAX_LENGTH)
  readonly #header = new Int32Array(this.#memory, 0, HEADER_INTEGERS)
  readonly #content = Buffer.from(this.#memory, HEADER_BYTES)
  #lastSeat = READY

  /** A share for one more worker, which may take texts from now on. */
  seat (): Seat {
    const seat = { number: ++this.#lastSeat, memory: this.#memory, open: new SharedArrayBuffer(4) }
    openSeat(seat)
    return seat
  }

  /**
   * Puts the texts, MAX_LANES at most, there in place of others, or nothing where they are too long; false where the others were taken
   * and their worker has not said so yet.
   */
  put (texts: readonly string[]): boolean {
    if (!this.withdraw()) return false
    if (texts.reduce((length, text) => length + text.length, 0) > MAX_LENGTH) return true
    let position = 0
    texts.forEach((text, index) => {
      const bytes = this.#content.write(text, position, 'utf16le')
      Atomics.store(this.#header, LENGTHS + index, bytes)
      position += bytes
    })
    Atomics.store(this.#header, COUNT, texts.length)
    Atomics.store(this.#header, STATE, READY)
    return true
  }

  /** Takes the texts away; false where they were taken and their worker has not said so yet. */
  withdraw (): boolean {
    const state = Atomics.compareExchange(this.#header, STATE, READY, EMPTY)
    return state === READY || state === EMPTY
  }

  /** The worker that took the texts has said so. */
  release (): void {
    Atomics.store(this.#header, STATE, EMPTY)
  }
}

/** From now on the worker may take texts. */
export function openSeat ({ open }: Seat): void {
  Atomics.store(new Int32Array(open), 0, 1)
}

/** From now on the worker takes no text, or has just taken its last. */
export function closeSeat ({ open }: Seat): void {
  Atomics.store(new Int32Array(open), 0, 0)
}

/** Whether the worker took the texts and has not said so yet. */
export function hasNextRun ({ number, memory }: Seat): boolean {
  return Atomics.load(new Int32Array(memory), STATE) === number
}

/** For a worker: the texts that lie ready, once. Whoever gets them must say so with its next message. */
export function takeNextRun ({ number, memory, open }: Seat): string[] | undefined {
  if (Atomics.load(new Int32Array(open), 0) !== 1) return undefined
  const header = new Int32Array(memory, 0, HEADER_INTEGERS)
  if (Atomics.compareExchange(header, STATE, READY, number) !== READY) return undefined
  let position = HEADER_BYTES
  return Array.from({ length: Atomics.load(header, COUNT) }, (_, index) => {
    const bytes = Atomics.load(header, LENGTHS + index)
    position += bytes
    return Buffer.from(memory, position - bytes, bytes).toString('utf16le')
  })
}
