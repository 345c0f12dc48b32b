import { readFileSync } from 'node:fs'
import { drawSteps, formatSteps, type Step } from '../capacity/chart.ts'
import { chooseStepSeconds, measureCapacity } from '../capacity/measure.ts'
import { chooseServices, withSystems } from '../lib/rounds.ts'
import { chooseConnections, chooseSeconds, type Bench, type Measurement, type Scenario } from '../lib/scenario.ts'
import type { System } from '../lib/systems.ts'
import { sendOneByOne, toBody } from '../load/expected-answers.ts'
import type { LoadRequest } from '../load/load.ts'
import { createNewTexts } from '../load/new-texts.ts'
import { formatNumber } from '../report/summary.ts'

const BOUND_MS = 500
const CONNECTIONS = 1000

/** Reads one text per line; blank lines are skipped. */
function readTexts (path: string): string[] {
  const texts = readFileSync(path, 'utf8').split(/\r?\n/).filter((line) => line.trim() !== '')
  if (texts.length === 0) throw new Error(`${path} contains no texts`)
  return texts
}

async function run (bench: Bench): Promise<Measurement[]> {
  const boundMs = bench.p99 ?? BOUND_MS
  const texts = bench.texts === undefined ? undefined : readTexts(bench.texts).map((text) => ({ body: toBody(text) }))
  // Texts of a file repeat in order; the generator repeats them if there are fewer than planned requests.
  const createRequests = (count: number): LoadRequest[] => texts?.slice(0, count) ?? createNewTexts(count).map((text) => ({ body: toBody(text) }))
  return await withSystems(chooseServices(bench, {}).slice(0, 1), async ([system]) => {
    const { name, url } = system as System
    await sendOneByOne(url, createRequests(1).map(({ body }) => body))
    const { capacity, steps } = await measureCapacity({
      generator: bench.generator,
      url,
      boundMs,
      seconds: chooseSeconds(bench, chooseStepSeconds(boundMs)),
      connections: chooseConnections(bench, CONNECTIONS),
      createRequests,
      onStep: ({ rate, p99, sustained }) => bench.progress.show(`capacity: ${formatNumber(rate)}/s, p99 ${formatNumber(p99)} ms${sustained ? '' : ', exceeded'}`)
    })
    return steps.map(({ sustained, outcomes, ...figures }, index) => ({
      system: name, round: index, phase: 'step', figures: { ...figures, sustained: Number(sustained), boundMs, capacity: capacity ?? NaN }, notes: outcomes
    }))
  })
}

function readSteps (measurements: readonly Measurement[]): { steps: Step[], boundMs: number, capacity: number | undefined } {
  const steps = measurements.map(({ figures, notes = '' }) => {
    const read = (name: string): number => figures[name] ?? NaN
    return {
      rate: read('rate'),
      perSecond: read('perSecond'),
      p50: read('p50'),
      p99: read('p99'),
      inTime: read('inTime'),
      sendDelayMs: read('sendDelayMs'),
      sustained: read('sustained') === 1,
      outcomes: notes
    }
  })
  const { boundMs = NaN, capacity = NaN } = measurements[0]?.figures ?? {}
  return { steps, boundMs, capacity: Number.isNaN(capacity) ? undefined : capacity }
}

/** One line, the table of all steps, and a warning if the generator itself was the limit. */
function format (measurements: readonly Measurement[]): string[] {
  const { steps, boundMs, capacity } = readSteps(measurements)
  const best = steps.find(({ rate, sustained }) => sustained && rate === capacity)
  const delayed = steps.filter(({ sustained, sendDelayMs }) => !sustained && sendDelayMs > boundMs / 2)
  return [
    best === undefined
      ? `capacity: no rate of at least 0.5 requests/s has a p99 of at most ${formatNumber(boundMs)} ms`
      : `capacity: ${formatNumber(best.rate)} requests/s with a p99 of at most ${formatNumber(boundMs)} ms (measured: p50 ${formatNumber(best.p50)} ms, p99 ${formatNumber(best.p99)} ms)`,
    '',
    ...formatSteps(steps, boundMs),
    ...(delayed.length === 0 ? [] : ['', `The load generator fell behind at ${delayed.map(({ rate }) => `${formatNumber(rate)}/s`).join(', ')}: the service may sustain more.`])
  ]
}

export const capacity: Scenario = {
  name: 'capacity',
  title: 'highest request rate whose p99 stays within --p99',
  optional: true,
  run,
  format,
  draw: (measurements) => {
    const { steps, boundMs, capacity: found } = readSteps(measurements)
    return drawSteps(steps, boundMs, found)
  }
}
