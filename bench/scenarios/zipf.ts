import { bodyOf, mixIn } from '../lib/answers.ts'
import { connectionsOf, inRounds, knownCount, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'
import { zipfDraws } from '../lib/zipf.ts'

const CONNECTIONS = 16
/** Of a hundred requests, so many are for a text that was never asked for. */
const UNIQUE_PERCENT = 10
const REQUESTS_PER_SECOND = 500

/** Requests of which one in ten has a new text; the others repeat one, the most popular most often. */
export function zipfRequests (count: number, seed: number): string[] {
  return zipfDraws(newTexts(Math.ceil(count * UNIQUE_PERCENT / 100)), count, seed).map(bodyOf)
}

async function run (bench: Bench) {
  const count = Math.ceil(secondsOf(bench, 4) * REQUESTS_PER_SECOND)
  const known = await oneByOneAnswers(bench, newTexts(knownCount(bench)).map(bodyOf))
  const unique = (round: number) => zipfRequests(count, round).map((body) => ({ body }))
  return await withParticipants(services(bench, {}), (participants) => inRounds(bench, 'zipf', participants, async ({ url }, round) => [
    await loadRun(bench, 'zipf', { url, requests: mixIn(known, unique(round)), connections: connectionsOf(bench, CONNECTIONS) })
  ]))
}

export const zipf: Scenario = { name: 'zipf', title: 'one text in ten new, the others repeated by Zipf\'s law', run }
