import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../tests/support/free-port.ts'
import { bodyOf } from '../lib/answers.ts'
import { roundsOf, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'
import { SERVER } from '../lib/participants.ts'
import { ServerProcess } from '../lib/server-process.ts'

const STARTS_A_ROUND = 2
/** Often enough for the figure, and seldom enough to leave the cores to what starts. */
const POLL_MS = 20
const GIVE_UP_MS = 60_000

/** Milliseconds from the start of the process to its first answer. */
async function firstAnswerMs ({ model }: Bench): Promise<number> {
  const port = await freePort()
  const [text] = newTexts(1) as [string]
  const start = performance.now()
  const server = ServerProcess.spawn([SERVER], port, model.env)
  try {
    for (;;) {
      const answer = fetch(`${server.url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bodyOf(text) })
      if (await answer.then(({ ok }) => ok, () => false)) return performance.now() - start
      if (performance.now() - start > GIVE_UP_MS) throw new Error('The service gave no answer')
      await delay(POLL_MS)
    }
  } finally {
    await server.stop()
  }
}

async function run (bench: Bench): Promise<Run[]> {
  const runs: Run[] = []
  // The first start reads the files from the disk; those after it, as every restart, find them in memory.
  for (let round = 0; round < roundsOf(bench) * STARTS_A_ROUND; round++) {
    bench.progress.show(`cold-start: start ${round + 1}`)
    runs.push({ participant: 'service', round, phase: 'cold-start', figures: { ms: await firstAnswerMs(bench) } })
  }
  return runs
}

export const coldStart: Scenario = { name: 'cold-start', title: 'process start to first answer', local: true, run }
