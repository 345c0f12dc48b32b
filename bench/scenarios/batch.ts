import { connectionsOf, inRounds, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'
import { mixIn } from '../lib/answers.ts'
import { NO_CACHE } from './miss.ts'

const CONNECTIONS = 4
const BATCH = 32
/** More than any machine answers. */
const BATCHES_PER_SECOND = 60
/** Batches of 128 wait for each other longer than a usual deadline on a slow machine. */
export const PATIENT = { ...NO_CACHE, PREDICT_TIMEOUT_MS: '60000' }

/** A request for `size` new texts. */
export const batchBody = (size: number): string => JSON.stringify({ texts: newTexts(size) })

/** Batches of `size` texts, enough for `seconds`. */
export function batches (size: number, perSecond: number, seconds: number) {
  return Array.from({ length: Math.ceil(perSecond * seconds) }, () => ({ body: batchBody(size) }))
}

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 4)
  const known = await oneByOneAnswers(bench, [batchBody(BATCH), batchBody(BATCH)])
  return await withParticipants(services(bench, PATIENT), (participants) => inRounds(bench, 'batch', participants, async ({ url }) => {
    const requests = mixIn(known, batches(BATCH, BATCHES_PER_SECOND, seconds))
    const result = await loadRun(bench, 'batch', { url, requests, connections: connectionsOf(bench, CONNECTIONS), seconds })
    return [{ ...result, figures: { textsPerSecond: (result.figures.perSecond ?? NaN) * BATCH, ...result.figures } }]
  }))
}

export const batch: Scenario = { name: 'batch', title: `${BATCH} new texts a request, no cache`, run }
