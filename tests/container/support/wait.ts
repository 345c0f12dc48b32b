import { setTimeout as delay } from 'node:timers/promises'

/** Polls `probe` until it returns a value. Rejects, naming `what`, after `timeout` milliseconds. */
export async function waitFor<T> (what: string, probe: () => Promise<T | undefined>, timeout = 60_000, pause = 50): Promise<T> {
  const end = performance.now() + timeout
  let last: unknown
  while (performance.now() < end) {
    try {
      const value = await probe()
      if (value !== undefined) return value
    } catch (error) {
      last = error
    }
    await delay(pause)
  }
  throw new Error(`waited ${timeout} ms for ${what}`, { cause: last })
}

/** Prints a measured figure. */
export function report (line: string): void {
  process.stdout.write(`    measured: ${line}\n`)
}

/**
 * Prints a time and whether it meets its target, both in milliseconds. A busy machine is slower, so a missed target fails the
 * test only with `BARS=1`, for an otherwise idle machine.
 */
export function reportTime (what: string, milliseconds: number, target: number): void {
  const met = milliseconds <= target
  report(`${what}: ${seconds(milliseconds)} (target ${seconds(target)}: ${met ? 'met' : 'MISSED'})`)
  if (process.env.BARS === '1' && !met) throw new Error(`${what} took ${seconds(milliseconds)}, more than ${seconds(target)}`)
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`
