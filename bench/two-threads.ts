import { join } from 'node:path'
import { buildFeeds, runtime, type OnnxSession } from '../src/inference/onnx-runtime.ts'
import { coreRoundTripNs } from './lib/core-distance.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { referenceModel } from './lib/model.ts'
import { median } from './lib/statistics.ts'
import { TYPICAL } from './lib/tweets.ts'

/**
 * What a second thread gives one run of the reference model, beside the time from one core to another and back: with two
 * threads each operator ends with one waiting for the other in a loop.
 */

interface Round { nanoseconds: number, one: number, two: number }

const ROUNDS = 60
const RUN_MS = 1000
const FIRST_TOKEN = 100
/** Cores are far from each other where the round trip takes more than this many times the least that was seen. */
const FAR = 2

const file = join(await referenceModel(), 'onnx/model_quantized.onnx')
const [one, two] = await Promise.all([1, 2].map((intraOpNumThreads) => runtime.InferenceSession.create(file, { intraOpNumThreads }))) as [OnnxSession, OnnxSession]
const feeds = buildFeeds(Array.from({ length: TYPICAL }, (_, index) => FIRST_TOKEN + index), one.inputNames)

async function runsPerSecond (session: OnnxSession): Promise<number> {
  const start = performance.now()
  let runs = 0
  for (; performance.now() - start < RUN_MS; runs++) await session.run(feeds)
  return runs / (performance.now() - start) * 1000
}

const rounds: Round[] = []
await runsPerSecond(two)
for (let round = 0; round < ROUNDS; round++) {
  // Before and after: the cores may have changed in between.
  const before = await coreRoundTripNs()
  const result = { two: await runsPerSecond(two), one: await runsPerSecond(one) }
  const after = await coreRoundTripNs()
  if (Math.max(before, after) < FAR * Math.min(before, after)) rounds.push({ nanoseconds: before, ...result })
}

const far = FAR * Math.min(...rounds.map(({ nanoseconds }) => nanoseconds))
const groups = [rounds.filter(({ nanoseconds }) => nanoseconds < far), rounds.filter(({ nanoseconds }) => nanoseconds >= far)]
process.stdout.write(`${machineLine(describeMachine())}\n\n| from core to core and back, ns | rounds | runs/s, one thread | two threads | ratio |\n| --- | --- | --- | --- | --- |\n`)
for (const group of groups) {
  if (group.length === 0) continue
  const of = (value: (round: Round) => number): number => median(group.map(value))
  process.stdout.write(`| ${of(({ nanoseconds }) => nanoseconds).toFixed(0)} | ${group.length} | ${of((round) => round.one).toFixed(0)} | ${of((round) => round.two).toFixed(0)} | ${of((round) => round.two / round.one).toFixed(2)} |\n`)
}
