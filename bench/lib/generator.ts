import { fork, type ChildProcess } from 'node:child_process'
import type { GeneratorReply, GeneratorRequest } from './generator-process.ts'
import type { LoadJob, LoadResult } from './load.ts'

/** Sends loads from a process of its own. Several at once share that process. */
export class LoadGenerator {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers>()
  #nextId = 0

  constructor () {
    this.#child = fork(new URL('generator-process.ts', import.meta.url), { serialization: 'advanced' })
    this.#child.on('message', ({ id, result, error }: GeneratorReply) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (result === undefined) waiting?.reject(new Error(error))
      else waiting?.resolve(result)
    })
    this.#child.on('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('The load generator ended'))
    })
  }

  run (job: LoadJob): Promise<LoadResult> {
    const request: GeneratorRequest = { id: this.#nextId++, job }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject })
      this.#child.send(request)
    })
  }

  stop (): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

interface PromiseWithResolvers {
  resolve: (result: LoadResult) => void
  reject: (error: Error) => void
}
