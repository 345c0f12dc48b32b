import { measureLoad, recordReferenceAnswers, withProber } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { mixIn, toBody } from '../load/expected-answers.ts'
import { nextSeed } from '../load/new-texts.ts'
import { generateTextsOfLength, TYPICAL } from '../load/tweets.ts'
import { buildBatches, LONG_DEADLINE } from './batch.ts'

const BATCH = 128
const BATCH_CONNECTIONS = 2
const SINGLES_PER_SECOND = 400

/** Texts of equal length cost the same, so that latencies differ only by waiting. */
const createSingles = (seconds: number) => generateTextsOfLength(nextSeed(), Math.ceil(seconds * SINGLES_PER_SECOND), TYPICAL).map((text) => ({ body: toBody(text) }))

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 10, 3)
  const known = await recordReferenceAnswers(bench, generateTextsOfLength(nextSeed(), 5, TYPICAL).map(toBody))
  return await withProber(async (prober) => await withSystems(chooseServices(bench, LONG_DEADLINE), (systems) =>
    runRounds(bench, 'single-under-batch', systems, async ({ url }) => {
      const alone = await measureLoad({ generator: prober }, 'alone', { url, requests: mixIn(known, createSingles(seconds)), connections: 1, seconds: seconds / 2 })
      const [under, load] = await Promise.all([
        measureLoad({ generator: prober }, 'under batches', { url, requests: mixIn(known, createSingles(seconds)), connections: 1, seconds }),
        measureLoad(bench, 'batches', { url, requests: buildBatches(BATCH, 20, seconds), connections: BATCH_CONNECTIONS, seconds: seconds + 1 })
      ])
      return [alone, under, load]
    })))
}

export const singleUnderBatch: Scenario = { name: 'single-under-batch', title: `one text at a time beside batches of ${BATCH}`, run }
