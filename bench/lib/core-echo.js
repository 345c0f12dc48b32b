import { workerData } from 'node:worker_threads'

/** The other side of core-distance.ts: adds one to every odd number that it finds. */
const cell = new Int32Array(workerData)
for (;;) {
  const found = Atomics.load(cell, 0)
  if (found % 2 === 1) Atomics.store(cell, 0, found + 1)
}
