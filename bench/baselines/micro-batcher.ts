interface Waiting<I, O> {
  input: I
  resolve: (output: O) => void
  reject: (error: unknown) => void
}

/** Runs up to `size` inputs together. Inputs that arrive during a batch form the next one; an idle batcher starts immediately. */
export class MicroBatcher<I, O> {
  readonly #size: number
  readonly #process: (inputs: I[]) => Promise<O[]>
  readonly #waiting: Waiting<I, O>[] = []
  #busy = false

  constructor (size: number, process: (inputs: I[]) => Promise<O[]>) {
    this.#size = size
    this.#process = process
  }

  run (input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject })
      if (!this.#busy) void this.#drain()
    })
  }

  async #drain (): Promise<void> {
    this.#busy = true
    while (this.#waiting.length > 0) {
      // One iteration of the event loop, so that requests that arrive together are batched together.
      await new Promise((resolve) => { setImmediate(resolve) })
      const batch = this.#waiting.splice(0, this.#size)
      try {
        const outputs = await this.#process(batch.map(({ input }) => input))
        batch.forEach(({ resolve }, index) => resolve(outputs[index] as O))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#busy = false
  }
}
