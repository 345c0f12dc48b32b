import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { RuntimeReply, RuntimeStartup } from './bare-runtime-process.ts'

/** As the runtime comes, but for the one thread. */
export const DEFAULT_OPTIONS = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' }

/**
 * Ceiling (c): ONNX Runtime and nothing else. One process a core, each with a session of one thread, runs texts that were
 * tokenized before, one after the other: no HTTP, no queue, no message for a text.
 */
export class BareRuntime {
  readonly #children: ChildProcess[]

  private constructor (children: ChildProcess[]) {
    this.#children = children
  }

  static async start (startup: RuntimeStartup, processes: number): Promise<BareRuntime> {
    const children = Array.from({ length: processes }, () => fork(new URL('bare-runtime-process.ts', import.meta.url), [JSON.stringify(startup)]))
    await Promise.all(children.map((child) => once(child, 'message')))
    return new BareRuntime(children)
  }

  /** Texts a second over `seconds`, all processes together. */
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
