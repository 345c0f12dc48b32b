import { measureLoad, withProber } from '../lib/measure.ts'
import { chooseBaselines, chooseServices, runRounds, withSystems } from '../lib/rounds.ts'
import { chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { startPipeline } from '../lib/systems.ts'
import { buildMissRequests, drain, MISS_CONNECTIONS, NO_CACHE } from './miss.ts'

const PROBES_PER_SECOND = 50

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, 3)
  const starters = [...chooseServices(bench, NO_CACHE), ...chooseBaselines(bench, () => startPipeline(bench.model, 'pipeline'))]
  return await withProber(async (prober) => await withSystems(starters, (systems) =>
    runRounds(bench, 'health-under-load', systems, async (system) => {
      const { url } = system
      const [load, health] = await Promise.all([
        measureLoad(bench, 'load', { url, requests: buildMissRequests(seconds), connections: chooseConnections(bench, MISS_CONNECTIONS), seconds: seconds + 0.5 }),
        measureLoad({ generator: prober }, 'health', { url, path: '/health', method: 'GET', connections: 100, seconds, rate: PROBES_PER_SECOND })
      ])
      await drain(system)
      return [health, load]
    })))
}

export const healthUnderLoad: Scenario = { name: 'health-under-load', title: '/health while new texts keep every core busy', run }
