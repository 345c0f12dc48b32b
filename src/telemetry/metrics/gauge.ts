import type { Gauge } from 'prom-client'

/** Reads a gauge's value whenever somebody scrapes. */
export function setTo (read: () => number): (this: Gauge) => void {
  return function () {
    this.set(read())
  }
}
