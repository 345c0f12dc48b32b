import { bodyOf, mixIn } from '../lib/answers.ts'
import { connectionsOf, inRounds, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newSeed } from '../lib/fresh.ts'
import { textsOfLength } from '../lib/tweets.ts'
import { PATIENT } from './batch.ts'

const TOKENS = 512
const CONNECTIONS = 4
const TEXTS_PER_SECOND = 100

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 4)
  const bodies = (count: number) => textsOfLength(newSeed(), count, TOKENS).map(bodyOf)
  const known = await oneByOneAnswers(bench, bodies(2))
  return await withParticipants(services(bench, PATIENT), (participants) => inRounds(bench, 'long', participants, async ({ url }) => {
    const requests = mixIn(known, bodies(Math.ceil(seconds * TEXTS_PER_SECOND)).map((body) => ({ body })))
    const result = await loadRun(bench, 'long', { url, requests, connections: connectionsOf(bench, CONNECTIONS), seconds })
    return [{ ...result, figures: { ...result.figures, tokensPerSecond: (result.figures.perSecond ?? NaN) * TOKENS } }]
  }))
}

export const long: Scenario = { name: 'long', title: `${TOKENS} tokens a text, no cache`, run }
