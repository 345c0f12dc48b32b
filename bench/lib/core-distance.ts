import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { CORES } from './scenario.ts'
import { percentile } from './statistics.ts'

const MEASURE_MS = 100
/** Time for the scheduler to place the other thread on a core of its own. */
const SETTLE_MS = 20
const ROUND_TRIPS = 200
const NANOSECONDS_PER_MS = 1e6

/**
 * Nanoseconds for a value to travel from one core to another and back: about 100 if they share a cache, several times that if
 * they do not. The cores of a virtual machine can be either, and change. NaN with a single core.
 */
export async function measureCoreRoundTripNs (): Promise<number> {
  if (CORES < 2) return NaN
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const cell = new Int32Array(shared)
  const other = new Worker(new URL('./core-echo.js', import.meta.url), { workerData: shared, execArgv: [] })
  try {
    await once(other, 'online')
    await delay(SETTLE_MS)
    const batches: number[] = []
    const until = performance.now() + MEASURE_MS
    // A batch takes much longer while another program occupies one of the cores: the quartile excludes that.
    while (performance.now() < until) batches.push(measureMeanNs(cell))
    return percentile(batches.sort((a, b) => a - b), 25)
  } finally {
    await other.terminate()
  }
}

/** Mean duration of one round trip. */
function measureMeanNs (cell: Int32Array): number {
  const start = performance.now()
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const sent = Atomics.add(cell, 0, 1) + 1
    while (Atomics.load(cell, 0) === sent);
  }
  return (performance.now() - start) / ROUND_TRIPS * NANOSECONDS_PER_MS
}
