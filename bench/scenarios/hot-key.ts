import { measureLoad, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseConnections, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { buildAuthHeaders } from '../load/api-key.ts'
import { toBody } from '../load/expected-answers.ts'
import { createNewTexts } from '../load/new-texts.ts'

const CLIENTS = 1000
/** The older name is read from a checkout of --against. */
const COMPUTED = /^sentiment_(?:texts_computed|model_runs)_total (\d+)$/m

/** Number of texts that the service has computed; NaN if it serves no metrics. */
async function readComputedTexts (url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`, { headers: buildAuthHeaders() })).text()
  return Number(COMPUTED.exec(metrics)?.[1])
}

async function run (bench: Bench): Promise<Measurement[]> {
  const clients = chooseConnections(bench, CLIENTS)
  return await withSystems(chooseServices(bench, {}).slice(0, 1), (systems) => runRounds(bench, 'hot-key', systems, async ({ url }) => {
    const [known] = await recordReferenceAnswers(bench, createNewTexts(1).map(toBody))
    const before = await readComputedTexts(url)
    const result = await measureLoad(bench, 'hot-key', { url, requests: Array.from({ length: clients }, () => ({ ...known, body: known?.body ?? '' })), connections: clients })
    return [{ ...result, figures: { ...result.figures, clients, computations: await readComputedTexts(url) - before } }]
  }))
}

export const hotKey: Scenario = { name: 'hot-key', title: `${CLIENTS} clients request the same new text at once`, run }
