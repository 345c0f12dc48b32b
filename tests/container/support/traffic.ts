import type { Stack } from './stack.ts'

export interface Sample {
  at: number
  ok: boolean
  error?: string
}

/** Sends predictions one after the other until it is stopped. */
export class Traffic {
  readonly samples: Sample[] = []
  readonly #done: Promise<void>
  #running = true

  constructor (stack: Stack, text: (index: number) => string = (index) => `text ${index}`) {
    this.#done = this.#loop(stack, text)
  }

  get failures (): Sample[] {
    return this.samples.filter(({ ok }) => !ok)
  }

  /** The longest time between two answers, in milliseconds. */
  get outage (): number {
    const answered = this.samples.filter(({ ok }) => ok).map(({ at }) => at)
    return Math.max(0, ...answered.slice(1).map((at, index) => at - (answered[index] as number)))
  }

  async stop (): Promise<void> {
    this.#running = false
    await this.#done
  }

  async #loop (stack: Stack, text: (index: number) => string): Promise<void> {
    for (let index = 0; this.#running; index++) {
      const error = await stack.predict(text(index)).then(() => undefined, (failure: unknown) => String(failure))
      this.samples.push({ at: performance.now(), ok: error === undefined, ...(error !== undefined && { error }) })
      // A refused connection fails immediately: retries without a pause would keep a core busy.
      if (error !== undefined) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
