import { bodyOf } from '../lib/answers.ts'
import { connectionsOf, inRounds, loadRun, oneByOneAnswers, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'

const CLIENTS = 1000
const RUNS = /^sentiment_texts_computed_total (\d+)$/m

/** Model runs that the service counted; NaN for one without metrics. */
async function modelRuns (url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(RUNS.exec(metrics)?.[1])
}

async function run (bench: Bench): Promise<Run[]> {
  const clients = connectionsOf(bench, CLIENTS)
  return await withParticipants(services(bench, {}).slice(0, 1), (participants) => inRounds(bench, 'hot-key', participants, async ({ url }) => {
    const [known] = await oneByOneAnswers(bench, newTexts(1).map(bodyOf))
    const before = await modelRuns(url)
    const result = await loadRun(bench, 'hot-key', { url, requests: Array.from({ length: clients }, () => ({ ...known, body: known?.body ?? '' })), connections: clients })
    return [{ ...result, figures: { ...result.figures, clients, modelRuns: await modelRuns(url) - before } }]
  }))
}

export const hotKey: Scenario = { name: 'hot-key', title: `${CLIENTS} clients ask for the same new text at once`, run }
