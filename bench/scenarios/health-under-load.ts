import { inRounds, loadRun, peers, secondsOf, services, withParticipants, withProber, connectionsOf, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { startPipeline } from '../lib/participants.ts'
import { MISS_CONNECTIONS, missRequests, NO_CACHE, settle } from './miss.ts'

const PROBES_PER_SECOND = 50

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, 3)
  const starters = [...services(bench, NO_CACHE), ...peers(bench, () => startPipeline(bench.model, 'pipeline'))]
  return await withProber(async (prober) => await withParticipants(starters, (participants) =>
    inRounds(bench, 'health-under-load', participants, async (participant) => {
      const { url } = participant
      const [load, health] = await Promise.all([
        loadRun(bench, 'load', { url, requests: missRequests(seconds), connections: connectionsOf(bench, MISS_CONNECTIONS), seconds: seconds + 0.5 }),
        loadRun({ generator: prober }, 'health', { url, path: '/health', method: 'GET', connections: 100, seconds, rate: PROBES_PER_SECOND })
      ])
      await settle(participant)
      return [health, load]
    })))
}

export const healthUnderLoad: Scenario = { name: 'health-under-load', title: '/health while new texts keep every core busy', run }
