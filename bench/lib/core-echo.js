import { workerData } from 'node:worker_threads'

/** The other thread of core-distance.ts: increments every odd number. */
const cell = new Int32Array(workerData)
for (;;) {
  const value = Atomics.load(cell, 0)
  if (value % 2 === 1) Atomics.store(cell, 0, value + 1)
}
