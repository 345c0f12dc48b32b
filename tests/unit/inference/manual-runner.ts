import type { TextOutcome } from '../../../src/inference/protocol.ts'
import { Scheduler, type Runner } from '../../../src/inference/scheduler.ts'

const RESULT: TextOutcome = { logits: Float32Array.of(1), tokens: 1, truncated: false, workerStartedAt: 0, tokenizeMs: 0, inferenceMs: 1, runTexts: 1 }

const results = (count: number): TextOutcome[] => Array.from({ length: count }, () => RESULT)

/** Workers that finish a run, or take the one that is laid out, when the test says so. A run's name is that of its texts. */
export class ManualRunner implements Runner {
  readonly started: string[] = []
  readonly size: number
  failed = false
  lanes = 1
  laidOut: string | undefined
  onIdle = (): void => {}
  onTaken = (_run: Promise<TextOutcome[]>): void => {}
  #taken: string | undefined
  readonly #busy: { texts: number, resolve: (outcomes: TextOutcome[]) => void, reject: (error: Error) => void }[] = []

  constructor (size: number) {
    this.size = size
  }

  tryRun (texts: readonly string[]): Promise<TextOutcome[]> | undefined {
    if (this.#busy.length >= this.size || this.#taken !== undefined) return undefined
    this.laidOut = undefined
    return this.#begin(texts.join('+'))
  }

  layOut (texts: readonly string[]): boolean {
    if (this.#taken !== undefined) return false
    this.laidOut = texts.length === 0 ? undefined : texts.join('+')
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
    finished?.resolve(results(finished.texts))
    await new Promise(setImmediate)
  }

  #begin (run: string): Promise<TextOutcome[]> {
    this.started.push(run)
    return new Promise((resolve, reject) => { this.#busy.push({ texts: run.split('+').length, resolve, reject }) })
  }

  async finish (error?: Error): Promise<void> {
    const run = this.#busy.shift()
    if (error === undefined) run?.resolve(results(run.texts))
    else run?.reject(error)
    // The scheduler goes on in a later microtask.
    await new Promise(setImmediate)
  }
}

export function createScheduler (size = 1, limit = 10, initialRunMs = 10): { runner: ManualRunner, scheduler: Scheduler } {
  const runner = new ManualRunner(size)
  return { runner, scheduler: new Scheduler({ runner, limit, initialRunMs }) }
}
