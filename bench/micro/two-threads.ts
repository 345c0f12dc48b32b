import { join } from 'node:path'
import { buildFeeds, runtime, type OnnxSession } from '../../src/inference/onnx-runtime.ts'
import { measureCoreRoundTripNs } from '../lib/core-distance.ts'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { referenceModel } from '../lib/model.ts'
import { median } from '../lib/statistics.ts'
import { TYPICAL } from '../load/tweets.ts'

/**
 * Measures how much a second thread speeds up one run of the reference model, by the round-trip time between two cores: with two
 * threads, each operator ends with one thread spinning until the other has finished.
 */

interface Round { nanoseconds: number, one: number, two: number }

const ROUNDS = 60
const RUN_MS = 1000
const FIRST_TOKEN = 100
/** Cores count as far apart if the round trip takes more than this multiple of the minimum. */
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
  // Before and after, because the host may move a core in between.
  const before = await measureCoreRoundTripNs()
  const result = { two: await runsPerSecond(two), one: await runsPerSecond(one) }
  const after = await measureCoreRoundTripNs()
  if (Math.max(before, after) < FAR * Math.min(before, after)) rounds.push({ nanoseconds: before, ...result })
}

const far = FAR * Math.min(...rounds.map(({ nanoseconds }) => nanoseconds))
const groups = [rounds.filter(({ nanoseconds }) => nanoseconds < far), rounds.filter(({ nanoseconds }) => nanoseconds >= far)]
process.stdout.write(`${formatMachine(describeMachine())}\n\n| core round trip, ns | rounds | runs/s, one thread | two threads | ratio |\n| --- | --- | --- | --- | --- |\n`)
for (const group of groups) {
  if (group.length === 0) continue
  const pick = (value: (round: Round) => number): number => median(group.map(value))
  process.stdout.write(`| ${pick(({ nanoseconds }) => nanoseconds).toFixed(0)} | ${group.length} | ${pick((round) => round.one).toFixed(0)} | ${pick((round) => round.two).toFixed(0)} | ${pick((round) => round.two / round.one).toFixed(2)} |\n`)
}
