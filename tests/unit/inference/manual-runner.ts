import type { TextOutcome } from '../../../src/inference/protocol.ts'
import { estimateCost } from '../../../src/inference/queued-text.ts'
import { Scheduler, type PendingText, type Runner } from '../../../src/inference/scheduler.ts'
import { Flow } from '../../../src/inference/queued-text.ts'

const RESULT: TextOutcome = { logits: Float32Array.of(1), tokens: 1, truncated: false, workerStartedAt: 0, tokenizeMs: 0, inferenceMs: 1, runTexts: 1 }

/** Workers that finish a run when the test calls `finish`. A run's name is made of its texts. */
export class ManualRunner implements Runner {
  readonly started: string[] = []
  readonly size: number
  failed = false
  maxTextsPerRun = 1
  onIdle = (): void => {}
  readonly #busy: { texts: number, resolve: (outcomes: TextOutcome[]) => void, reject: (error: Error) => void }[] = []

  constructor (size: number) {
    this.size = size
  }

  get hasIdleWorker (): boolean {
    return this.#busy.length < this.size
  }

  run (texts: readonly string[]): Promise<TextOutcome[]> {
    this.started.push(texts.join('+'))
    return new Promise((resolve, reject) => { this.#busy.push({ texts: texts.length, resolve, reject }) })
  }

  async finish (error?: Error): Promise<void> {
    const run = this.#busy.shift()
    if (error === undefined) run?.resolve(Array.from({ length: run.texts }, () => RESULT))
    else run?.reject(error)
    // The scheduler continues in a later microtask.
    await new Promise(setImmediate)
  }
}

/** A scheduler on manual workers. Texts of one character are expected to take `textMs`. */
export function createScheduler ({ workers = 1, limit = 10, textMs = 10 } = {}): { runner: ManualRunner, scheduler: Scheduler } {
  const runner = new ManualRunner(workers)
  return { runner, scheduler: new Scheduler({ runner, limit, initialMsPerCost: textMs / estimateCost('x') }) }
}

/** Queues one text. */
export function enqueue (scheduler: Scheduler, text: string, flow = new Flow('')): PendingText {
  return scheduler.enqueue([text], flow)[0] as PendingText
}
