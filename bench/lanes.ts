import { basename, dirname } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'
import { LANE_COUNTS, MAX_LANES } from '../src/inference/lane-counts.ts'
import { openLaneSession, openPlainSession } from '../src/inference/session.ts'
import { newTexts } from './lib/fresh.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { benchModel } from './lib/model.ts'
import { median } from './lib/statistics.ts'

/** What a text costs on one thread in runs of one, two and four, and whether that changes its numbers. */

const ROUNDS = 40
const WARM_UP = 4

const { name, directory } = await benchModel()
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })
const texts = newTexts((ROUNDS + WARM_UP) * MAX_LANES).map((text) => tokenizer.encode(text))
const plain = await openPlainSession(directory, 'q8')
const lanes = await openLaneSession(directory, 'q8', Promise.resolve([texts[0] as number[], texts[1] as number[]]))
if (lanes.problem !== undefined) throw new Error(lanes.problem)

const VARIANTS = [{ name: 'without lanes', session: plain, count: 1 }, ...LANE_COUNTS.map((count) => ({ name: `runs of ${count}`, session: lanes, count }))]
const costs = VARIANTS.map((): number[] => [])
const different = VARIANTS.map(() => 0)
for (let round = 0; round < ROUNDS + WARM_UP; round++) {
  const four = texts.slice(round * MAX_LANES, (round + 1) * MAX_LANES)
  let expected = ''
  for (const [index, { session, count }] of VARIANTS.entries()) {
    const logits: Float32Array[] = []
    // CPU time: another program on the machine does not count.
    const before = process.cpuUsage()
    for (let first = 0; first < MAX_LANES; first += count) logits.push(...await session.run(four.slice(first, first + count)))
    const { user, system } = process.cpuUsage(before)
    if (index === 0) expected = logits.join()
    else if (logits.join() !== expected) different[index] = (different[index] ?? 0) + 1
    // The first rounds allocate memory.
    if (round >= WARM_UP) costs[index]?.push((user + system) / 1000 / MAX_LANES)
  }
}
process.stdout.write(`${machineLine(describeMachine())}\n${name}\n\n| | CPU time a text, ms | | other numbers |\n| --- | --- | --- | --- |\n`)
VARIANTS.forEach(({ name }, index) => {
  const ratios = (costs[index] ?? []).map((cost, round) => cost / (costs[0]?.[round] ?? NaN))
  process.stdout.write(`| ${name} | ${median(costs[index] ?? []).toFixed(2)} | ${(100 * median(ratios)).toFixed(1)} % | ${different[index]} of ${ROUNDS + WARM_UP} |\n`)
})
