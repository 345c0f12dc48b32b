import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../tests/support/free-port.ts'
import { ServerProcess } from '../../tests/support/server-process.ts'
import { chooseRounds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { SERVER } from '../lib/systems.ts'
import { toBody } from '../load/expected-answers.ts'
import { createNewTexts } from '../load/new-texts.ts'

const STARTS_PER_ROUND = 2
/** Short enough for a precise figure, long enough to leave the cores to the service. */
const POLL_MS = 20
const GIVE_UP_MS = 60_000

/** Milliseconds from the start of the process to its first answer. */
async function firstAnswerMs ({ model }: Bench): Promise<number> {
  const port = await freePort()
  const [text] = createNewTexts(1) as [string]
  const start = performance.now()
  const server = ServerProcess.spawn([SERVER], port, model.env)
  try {
    for (;;) {
      const answer = fetch(`${server.url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: toBody(text) })
      if (await answer.then(({ ok }) => ok, () => false)) return performance.now() - start
      if (performance.now() - start > GIVE_UP_MS) throw new Error('The service did not answer')
      await delay(POLL_MS)
    }
  } finally {
    await server.stop()
  }
}

async function run (bench: Bench): Promise<Measurement[]> {
  const runs: Measurement[] = []
  // Only the first start reads the files from disk; later ones, like any restart, find them in the page cache.
  for (let round = 0; round < chooseRounds(bench) * STARTS_PER_ROUND; round++) {
    bench.progress.show(`cold-start: start ${round + 1}`)
    runs.push({ system: 'service', round, phase: 'cold-start', figures: { ms: await firstAnswerMs(bench) } })
  }
  return runs
}

export const coldStart: Scenario = { name: 'cold-start', title: 'process start to first answer', local: true, run }
