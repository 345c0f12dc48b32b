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

/**
 * Prints a time and whether it keeps within its bar, in milliseconds. A time depends on what else the machine does, so a
 * missed bar fails the test only where `BARS=1` says that the machine does nothing else.
 */
export function reportTime (what: string, milliseconds: number, bar: number): void {
  const kept = milliseconds <= bar
  report(`${what}: ${seconds(milliseconds)} (bar ${seconds(bar)}: ${kept ? 'kept' : 'MISSED'})`)
  if (process.env.BARS === '1' && !kept) throw new Error(`${what} took ${seconds(milliseconds)}, over ${seconds(bar)}`)
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`
