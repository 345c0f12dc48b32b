import type { Scenario } from '../lib/scenario.ts'
import { batch } from './batch.ts'
import { capacity } from './capacity.ts'
import { coldStart } from './cold-start.ts'
import { healthUnderLoad } from './health-under-load.ts'
import { hitMemory, hitRedis } from './hits.ts'
import { hotKey } from './hot-key.ts'
import { long } from './long.ts'
import { miss } from './miss.ts'
import { overload } from './overload.ts'
import { singleUnderBatch } from './single-under-batch.ts'
import { soak } from './soak.ts'
import { zipf } from './zipf.ts'

/** Every scenario, in execution order. */
export const SCENARIOS: readonly Scenario[] = [
  miss, hitMemory, hitRedis, zipf, batch, singleUnderBatch, overload, healthUnderLoad, coldStart, long, hotKey, soak, capacity
]
