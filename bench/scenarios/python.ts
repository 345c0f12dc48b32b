import { connectionsOf, inRounds, knownCount, loadRun, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { knownRequests } from '../lib/answers.ts'
import { newTexts } from '../lib/fresh.ts'
import type { LoadRequest } from '../lib/load.ts'
import { startPython } from '../lib/python.ts'
import { MISS_CONNECTIONS, missRequests, NO_CACHE, settle } from './miss.ts'

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 5)
  const connections = connectionsOf(bench, MISS_CONNECTIONS)
  return await withParticipants([...services(bench, NO_CACHE), () => startPython(bench.model)], async (participants) => {
    const texts = newTexts(knownCount(bench))
    const known = new Map<string, LoadRequest[]>()
    for (const { name, url } of participants) known.set(name, await knownRequests(url, texts))
    return await inRounds(bench, 'python', participants, async (participant) => {
      const requests = missRequests(seconds, known.get(participant.name))
      const result = await loadRun(bench, 'python', { url: participant.url, requests, connections, seconds })
      await settle(participant)
      return [result]
    })
  })
}

export const python: Scenario = { name: 'python', title: 'as miss, beside FastAPI with ONNX Runtime', local: true, optional: true, run }
