import { measureLoad, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseCheckedCount, chooseConnections, chooseSeconds, type Bench, type Scenario } from '../lib/scenario.ts'
import { mixIn, toBody } from '../load/expected-answers.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { drawZipf } from '../load/zipf.ts'

const CONNECTIONS = 16
/** Percentage of requests for a text that was not sent before. */
const UNIQUE_PERCENT = 10
const REQUESTS_PER_SECOND = 500

/** Request bodies of which one in ten has a new text; the others repeat an earlier one, by popularity. */
export function buildZipfBodies (count: number, seed: number): string[] {
  return drawZipf(createNewTexts(Math.ceil(count * UNIQUE_PERCENT / 100)), count, seed).map(toBody)
}

async function run (bench: Bench) {
  const count = Math.ceil(chooseSeconds(bench, 4) * REQUESTS_PER_SECOND)
  const known = await recordReferenceAnswers(bench, createNewTexts(chooseCheckedCount(bench)).map(toBody))
  const buildUnique = (round: number) => buildZipfBodies(count, round).map((body) => ({ body }))
  return await withSystems(chooseServices(bench, {}), (systems) => runRounds(bench, 'zipf', systems, async ({ url }, round) => [
    await measureLoad(bench, 'zipf', { url, requests: mixIn(known, buildUnique(round)), connections: chooseConnections(bench, CONNECTIONS) })
  ]))
}

export const zipf: Scenario = { name: 'zipf', title: 'one text in ten new, the others repeated by Zipf\'s law', run }
