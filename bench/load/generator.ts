import { fork, type ChildProcess } from 'node:child_process'
import type { GeneratorReply, GeneratorRequest } from './generator-process.ts'
import type { LoadJob, LoadResult } from './load.ts'

/** Sends loads from a child process. Concurrent loads share the process. */
export class LoadGenerator {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, PromiseWithResolvers>()
  #nextId = 0

  constructor () {
    this.#child = fork(new URL('generator-process.ts', import.meta.url), { serialization: 'advanced' })
    this.#child.on('message', ({ id, result, error }: GeneratorReply) => {
      const pending = this.#pending.get(id)
      this.#pending.delete(id)
      if (result === undefined) pending?.reject(new Error(error))
      else pending?.resolve(result)
    })
    this.#child.on('exit', () => {
      for (const pending of this.#pending.values()) pending.reject(new Error('The load generator exited'))
    })
  }

  run (job: LoadJob): Promise<LoadResult> {
    const request: GeneratorRequest = { id: this.#nextId++, job }
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject })
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
