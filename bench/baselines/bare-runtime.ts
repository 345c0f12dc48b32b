import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { RuntimeReply, RuntimeOptions } from './bare-runtime-process.ts'

/** ONNX Runtime's defaults, except for a single thread. */
export const DEFAULT_OPTIONS = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' }

/**
 * Limit (c): ONNX Runtime and nothing else. One process per core, each with a single-threaded session, runs texts tokenized in
 * advance, one after the other: no HTTP, no queue, no message per text.
 */
export class BareRuntime {
  readonly #children: ChildProcess[]

  private constructor (children: ChildProcess[]) {
    this.#children = children
  }

  static async start (options: RuntimeOptions, processes: number): Promise<BareRuntime> {
    const children = Array.from({ length: processes }, () => fork(new URL('bare-runtime-process.ts', import.meta.url), [JSON.stringify(options)]))
    await Promise.all(children.map((child) => once(child, 'message')))
    return new BareRuntime(children)
  }

  /** Texts per second over `seconds`, all processes together. */
  async run (seconds: number): Promise<number> {
    const rates = await Promise.all(this.#children.map(async (child) => {
      child.send(seconds)
      const [{ perSecond }] = await once(child, 'message') as [RuntimeReply]
      return perSecond
    }))
    return rates.reduce((sum, rate) => sum + rate, 0)
  }

  stop (): void {
    for (const child of this.#children) child.disconnect()
  }
}
