import { Worker } from 'node:worker_threads'

/**
 * Megabytes that objects may take until they are collected or found to stay. V8's own limit is 48; it takes more and more
 * of it in steps minutes apart, which looks like a leak. A tweet leaves about 40 kB behind (`node --trace-gc`), so that
 * a collection, of half a millisecond, still comes after dozens of texts only.
 */
const YOUNG_GENERATION_MB = 6

/** A thread that runs `workerUrl`, without the environment: a worker needs no setting, and must not hold the service's secrets. */
export function newThread (workerUrl: URL): Worker {
  return new Worker(workerUrl, { env: {}, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
}
