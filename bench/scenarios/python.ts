import { startPython } from '../baselines/python-server.ts'
import { measureLoad } from '../lib/measure.ts'
import { chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseCheckedCount, chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { recordAnswers } from '../load/expected-answers.ts'
import type { LoadRequest } from '../load/load.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { buildMissRequests, drain, MISS_CONNECTIONS, NO_CACHE } from './miss.ts'

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 5)
  const connections = chooseConnections(bench, MISS_CONNECTIONS)
  return await withSystems([...chooseServices(bench, NO_CACHE), () => startPython(bench.model)], async (systems) => {
    const texts = createNewTexts(chooseCheckedCount(bench))
    const known = new Map<string, LoadRequest[]>()
    for (const { name, url } of systems) known.set(name, await recordAnswers(url, texts))
    return await runRounds(bench, 'python', systems, async (system) => {
      const requests = buildMissRequests(seconds, known.get(system.name))
      const result = await measureLoad(bench, 'python', { url: system.url, requests, connections, seconds })
      await drain(system)
      return [result]
    })
  })
}

export const python: Scenario = { name: 'python', title: 'as miss, beside FastAPI with ONNX Runtime', local: true, optional: true, run }
