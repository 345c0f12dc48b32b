import { measureLoad, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { mixIn } from '../load/expected-answers.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { NO_CACHE } from './miss.ts'

const CONNECTIONS = 4
const BATCH = 32
/** More than any machine can answer. */
const BATCHES_PER_SECOND = 60
/** On a slow machine, concurrent batches of 128 wait for each other longer than the default deadline. */
export const LONG_DEADLINE = { ...NO_CACHE, PREDICT_TIMEOUT_MS: '60000' }

/** A request body with `size` new texts. */
export const buildBatchBody = (size: number): string => JSON.stringify({ texts: createNewTexts(size) })

/** Requests with `size` new texts each, enough for `seconds`. */
export function buildBatches (size: number, perSecond: number, seconds: number) {
  return Array.from({ length: Math.ceil(perSecond * seconds) }, () => ({ body: buildBatchBody(size) }))
}

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 8, 3)
  const known = await recordReferenceAnswers(bench, [buildBatchBody(BATCH), buildBatchBody(BATCH)])
  return await withSystems(chooseServices(bench, LONG_DEADLINE), (systems) => runRounds(bench, 'batch', systems, async ({ url }) => {
    const requests = mixIn(known, buildBatches(BATCH, BATCHES_PER_SECOND, seconds))
    const result = await measureLoad(bench, 'batch', { url, requests, connections: chooseConnections(bench, CONNECTIONS), seconds })
    return [{ ...result, figures: { textsPerSecond: (result.figures.perSecond ?? NaN) * BATCH, ...result.figures } }]
  }))
}

export const batch: Scenario = { name: 'batch', title: `${BATCH} new texts per request, no cache`, run }
