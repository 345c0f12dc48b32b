import type { LoadGenerator } from '../load/generator.ts'
import type { LoadRequest, LoadResult } from '../load/load.ts'
import type { Step } from './chart.ts'
import { findCapacity } from './search.ts'

/** Requests per second of the first step, by default. */
const START_RATE = 10
const WARM_UP_SECONDS = 2
/** Share of requests that must be answered within the bound: the p99. */
const SHARE = 0.99
/** Requests of one step that differ; a step with more repeats them. */
const MAX_REQUESTS = 100_000

export interface CapacityJob {
  generator: Pick<LoadGenerator, 'run'>
  url: string
  /** Upper bound of the p99, in milliseconds. */
  boundMs: number
  /** Duration of one step. Long enough for a backlog at 5 % too high a rate to exceed the bound: see chooseStepSeconds. */
  seconds: number
  connections: number
  /** Requests per second of the first step. */
  startRate?: number
  /** Creates the requests of one step. */
  createRequests: (count: number) => LoadRequest[]
  onStep?: (step: Step) => void
}

export interface Capacity {
  /** Highest sustained rate, in requests per second; undefined if there was none. */
  capacity: number | undefined
  steps: Step[]
}

/** At 5 % above its capacity a service falls behind by 5 % of the time: by the bound after 20 bounds, and a p99 needs a bit more. */
export function chooseStepSeconds (boundMs: number): number {
  return Math.max(5, 25 * boundMs / 1000)
}

/** Finds the highest constant arrival rate at which 99 % of the requests are answered within the bound. */
export async function measureCapacity (job: CapacityJob): Promise<Capacity> {
  const { generator, url, boundMs, seconds, connections, startRate = START_RATE, createRequests, onStep } = job
  // Warm-up: a service compiles its code while it answers its first requests.
  await generator.run({ url, requests: createRequests(Math.ceil(startRate * WARM_UP_SECONDS)), rate: startRate, seconds: WARM_UP_SECONDS, connections })
  const steps: Step[] = []
  const capacity = await findCapacity(async (rate) => {
    const requests = createRequests(Math.min(MAX_REQUESTS, Math.ceil(rate * seconds)))
    const step = toStep(rate, await generator.run({ url, requests, rate, seconds, connections, boundMs }))
    steps.push(step)
    onStep?.(step)
    return step.sustained
  }, startRate)
  return { capacity, steps }
}

function toStep (rate: number, { perSecond, latency, statuses, errors, openLoop }: LoadResult): Step {
  const { planned = 0, inTime = 0, maxSendDelayMs = NaN } = openLoop ?? {}
  const outcomes = [...Object.entries(statuses).map(([status, count]) => `${count} × ${status}`), ...(errors > 0 ? [`${errors} without an answer`] : [])]
  return {
    rate,
    perSecond: Math.max(0, perSecond),
    p50: latency.p50 ?? NaN,
    p99: latency.p99 ?? NaN,
    inTime: inTime / planned,
    sustained: inTime >= SHARE * planned,
    sendDelayMs: maxSendDelayMs,
    outcomes: outcomes.join(', ')
  }
}
