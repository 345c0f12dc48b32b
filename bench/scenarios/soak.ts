import { setTimeout as delay } from 'node:timers/promises'
import { measureLoad, recordReferenceAnswers } from '../lib/measure.ts'
import { chooseServices, withSystems } from '../lib/rounds.ts'
import { chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import { computeGrowthPercent } from '../lib/statistics.ts'
import type { System } from '../lib/systems.ts'
import { mixIn, toBody } from '../load/expected-answers.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { buildZipfBodies } from './zipf.ts'

const CONNECTIONS = 16
/** Few enough that entries are evicted, as they are after days in production. */
const CACHE_ENTRIES = 1000
const SAMPLE_MS = 500
const REQUESTS = 20_000

/** Shorter runs would compare a process whose caches still fill with a warm one. */
const SECONDS = 1800
const QUICK_SECONDS = 120

async function sampleMemory ({ process }: System, until: number, progress: (mib: number) => void): Promise<number[]> {
  const samples: number[] = []
  while (performance.now() < until) {
    const mib = await process?.residentMiB() ?? NaN
    samples.push(mib)
    progress(mib)
    await delay(SAMPLE_MS)
  }
  return samples
}

async function run (bench: Bench): Promise<Measurement[]> {
  const seconds = chooseSeconds(bench, SECONDS, QUICK_SECONDS)
  const known = await recordReferenceAnswers(bench, createNewTexts(10).map(toBody))
  return await withSystems(chooseServices(bench, { CACHE_MAX_ENTRIES: String(CACHE_ENTRIES) }).slice(0, 1), async ([service]) => {
    const { url } = service as System
    const requests = mixIn(known, buildZipfBodies(REQUESTS, 1).map((body) => ({ body })))
    const until = performance.now() + seconds * 1000
    const show = (mib: number): void => bench.progress.show(`soak: ${mib.toFixed(0)} MiB, ${((until - performance.now()) / 1000).toFixed(0)} s to go`)
    const [load, memory] = await Promise.all([
      measureLoad(bench, 'soak', { url, requests, connections: chooseConnections(bench, CONNECTIONS), seconds }),
      sampleMemory(service as System, until, show)
    ])
    const figures = { ...load.figures, startMiB: memory[0] ?? NaN, endMiB: memory.at(-1) ?? NaN, growthPercent: computeGrowthPercent(memory) }
    return [{ system: 'service' as const, round: 0, ...load, figures, samples: memory }]
  })
}

export const soak: Scenario = { name: 'soak', title: 'resident memory under half an hour of new and repeated texts', local: true, optional: true, run }
