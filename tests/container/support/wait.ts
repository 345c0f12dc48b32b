import { setTimeout as delay } from 'node:timers/promises'

/** Asks again until the answer is there. Rejects with `what` after `timeout` milliseconds. */
export async function waitFor<T> (what: string, ask: () => Promise<T | undefined>, timeout = 60_000, pause = 50): Promise<T> {
  const end = performance.now() + timeout
  let last: unknown
  while (performance.now() < end) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      last = error
    }
    await delay(pause)
  }
  throw new Error(`waited ${timeout} ms for ${what}`, { cause: last })
}

/** Prints a figure that a test measured. */
export function report (line: string): void {
  process.stdout.write(`    measured: ${line}\n`)
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`
