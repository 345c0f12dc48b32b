import type { ResultMessage } from '../../../src/inference/messages.ts'
import type { Runner } from '../../../src/inference/scheduler.ts'

const RESULT: ResultMessage = { type: 'result', logits: Float32Array.of(1), tokens: 1, truncated: false, workerStartedAt: 0, tokenizeMs: 0, inferenceMs: 1 }

/** Workers that finish a text, or take the one that is laid out, when the test says so. */
export class ManualRunner implements Runner {
  readonly started: string[] = []
  readonly size: number
  failed = false
  laidOut: string | undefined
  onIdle = (): void => {}
  onTaken = (_run: Promise<ResultMessage>): void => {}
  #taken: string | undefined
  readonly #busy: { resolve: (result: ResultMessage) => void, reject: (error: Error) => void }[] = []

  constructor (size: number) {
    this.size = size
  }

  tryRun (text: string): Promise<ResultMessage> | undefined {
    if (this.#busy.length >= this.size || this.#taken !== undefined) return undefined
    this.laidOut = undefined
    return this.#begin(text)
  }

  layOut (text: string | undefined): boolean {
    if (this.#taken !== undefined) return false
    this.laidOut = text
    return true
  }

  /** A worker has finished, and takes what is laid out. */
  take (): void {
    this.#taken = this.laidOut
    this.laidOut = undefined
  }

  /** It says so. */
  async tell (): Promise<void> {
    const text = this.#taken as string
    this.#taken = undefined
    const finished = this.#busy.shift()
    this.onTaken(this.#begin(text))
    finished?.resolve(RESULT)
    await new Promise(setImmediate)
  }

  #begin (text: string): Promise<ResultMessage> {
    this.started.push(text)
    return new Promise((resolve, reject) => { this.#busy.push({ resolve, reject }) })
  }

  async finish (error?: Error): Promise<void> {
    const run = this.#busy.shift()
    if (error === undefined) run?.resolve(RESULT)
    else run?.reject(error)
    // The scheduler goes on in a later microtask.
    await new Promise(setImmediate)
  }
}
