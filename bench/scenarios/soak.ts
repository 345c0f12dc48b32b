import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf, mixIn } from '../lib/answers.ts'
import { connectionsOf, loadRun, oneByOneAnswers, secondsOf, services, withParticipants, type Bench, type Run, type Scenario } from '../lib/bench.ts'
import { newTexts } from '../lib/fresh.ts'
import type { Participant } from '../lib/participants.ts'
import { growthAfterFirstFifth } from '../lib/statistics.ts'
import { zipfRequests } from './zipf.ts'

const CONNECTIONS = 16
/** So few that texts leave the cache as others come, as they do after days. */
const CACHE_ENTRIES = 1000
const SAMPLE_MS = 500
const REQUESTS = 20_000

/** Of the load. Less would compare caches that fill and code that is compiled with what comes after. */
const SECONDS = 1800
const QUICK_SECONDS = 120

async function sampleMemory ({ process }: Participant, until: number, progress: (mib: number) => void): Promise<number[]> {
  const samples: number[] = []
  while (performance.now() < until) {
    const mib = await process?.residentMiB() ?? NaN
    samples.push(mib)
    progress(mib)
    await delay(SAMPLE_MS)
  }
  return samples
}

async function run (bench: Bench): Promise<Run[]> {
  const seconds = secondsOf(bench, SECONDS, QUICK_SECONDS)
  const known = await oneByOneAnswers(bench, newTexts(10).map(bodyOf))
  return await withParticipants(services(bench, { CACHE_MAX_ENTRIES: String(CACHE_ENTRIES) }).slice(0, 1), async ([service]) => {
    const { url } = service as Participant
    const requests = mixIn(known, zipfRequests(REQUESTS, 1).map((body) => ({ body })))
    const until = performance.now() + seconds * 1000
    const show = (mib: number): void => bench.progress.show(`soak: ${mib.toFixed(0)} MiB, ${((until - performance.now()) / 1000).toFixed(0)} s to go`)
    const [load, memory] = await Promise.all([
      loadRun(bench, 'soak', { url, requests, connections: connectionsOf(bench, CONNECTIONS), seconds }),
      sampleMemory(service as Participant, until, show)
    ])
    const figures = { ...load.figures, startMiB: memory[0] ?? NaN, endMiB: memory.at(-1) ?? NaN, growthPercent: growthAfterFirstFifth(memory) }
    return [{ participant: 'service' as const, round: 0, ...load, figures, samples: memory }]
  })
}

export const soak: Scenario = { name: 'soak', title: 'resident memory under half an hour of new and repeated texts', local: true, optional: true, run }
