import { measureLoad, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { mixIn, toBody } from '../load/expected-answers.ts'
import { nextSeed } from '../load/new-texts.ts'
import { generateTextsOfLength } from '../load/tweets.ts'
import { LONG_DEADLINE } from './batch.ts'

const TOKENS = 512
const CONNECTIONS = 4
const TEXTS_PER_SECOND = 100

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 4, 3)
  const bodies = (count: number) => generateTextsOfLength(nextSeed(), count, TOKENS).map(toBody)
  const known = await recordReferenceAnswers(bench, bodies(2))
  return await withSystems(chooseServices(bench, LONG_DEADLINE), (systems) => runRounds(bench, 'long', systems, async ({ url }) => {
    const requests = mixIn(known, bodies(Math.ceil(seconds * TEXTS_PER_SECOND)).map((body) => ({ body })))
    const result = await measureLoad(bench, 'long', { url, requests, connections: chooseConnections(bench, CONNECTIONS), seconds })
    return [{ ...result, figures: { ...result.figures, tokensPerSecond: (result.figures.perSecond ?? NaN) * TOKENS } }]
  }))
}

export const long: Scenario = { name: 'long', title: `${TOKENS} tokens per text, no cache`, run }
