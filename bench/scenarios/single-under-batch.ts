import { bodyOf, mixIn } from '../lib/answers.ts'
import { inRounds, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, withProber, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newSeed } from '../lib/fresh.ts'
import { textsOfLength, TYPICAL } from '../lib/tweets.ts'
import { batches, PATIENT } from './batch.ts'

const BATCH = 128
const BATCH_CONNECTIONS = 2
const SINGLES_PER_SECOND = 400

/** Equal texts cost the same, so that only waiting makes a difference. */
const singles = (seconds: number) => textsOfLength(newSeed(), Math.ceil(seconds * SINGLES_PER_SECOND), TYPICAL).map((text) => ({ body: bodyOf(text) }))

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 4)
  const known = await oneByOneAnswers(bench, textsOfLength(newSeed(), 5, TYPICAL).map(bodyOf))
  return await withProber(async (prober) => await withParticipants(services(bench, PATIENT), (participants) =>
    inRounds(bench, 'single-under-batch', participants, async ({ url }) => {
      const alone = await loadRun({ generator: prober }, 'alone', { url, requests: mixIn(known, singles(seconds)), connections: 1, seconds: seconds / 2 })
      const [under, load] = await Promise.all([
        loadRun({ generator: prober }, 'under batches', { url, requests: mixIn(known, singles(seconds)), connections: 1, seconds }),
        loadRun(bench, 'batches', { url, requests: batches(BATCH, 20, seconds), connections: BATCH_CONNECTIONS, seconds: seconds + 1 })
      ])
      return [alone, under, load]
    })))
}

export const singleUnderBatch: Scenario = { name: 'single-under-batch', title: `one text at a time beside batches of ${BATCH}`, run }
