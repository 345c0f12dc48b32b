import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { CORES } from './bench.ts'
import { percentile } from './statistics.ts'

const MEASURE_MS = 100
/** Until the other thread runs, and runs on a core of its own. */
const SETTLE_MS = 20
const ROUND_TRIPS = 200
const NANOSECONDS_PER_MS = 1e6

/**
 * Nanoseconds until one core has seen what another wrote and the first has seen the answer: about 100 where they share a
 * cache, several times that where they don't. A virtual machine's cores may be either, and change. NaN with one core.
 */
export async function coreRoundTripNs (): Promise<number> {
  if (CORES < 2) return NaN
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const cell = new Int32Array(shared)
  const other = new Worker(new URL('./core-echo.js', import.meta.url), { workerData: shared, execArgv: [] })
  try {
    await once(other, 'online')
    await delay(SETTLE_MS)
    const batches: number[] = []
    const until = performance.now() + MEASURE_MS
    // While another program has one of the cores a batch takes much longer: the quartile leaves that out.
    while (performance.now() < until) batches.push(measureBatch(cell))
    return percentile(batches.sort((a, b) => a - b), 25)
  } finally {
    await other.terminate()
  }
}

/** Mean nanoseconds of one round trip. */
function measureBatch (cell: Int32Array): number {
  const start = performance.now()
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const sent = Atomics.add(cell, 0, 1) + 1
    while (Atomics.load(cell, 0) === sent);
  }
  return (performance.now() - start) / ROUND_TRIPS * NANOSECONDS_PER_MS
}
