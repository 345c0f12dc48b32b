import { basename, dirname } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'
import { openBatchingSession, openSession } from '../../src/inference/session.ts'
import { BATCH_SIZE } from '../../src/inference/unpadded-batch/graph.ts'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { benchModel } from '../lib/model.ts'
import { median } from '../lib/statistics.ts'
import { createNewTexts } from '../load/new-texts.ts'

/** Measures the CPU time per text on one thread by batch size of the unpadded batch, and checks that logits stay bit-identical. */

const ROUNDS = 40
const WARM_UP = 4

const { name: modelName, directory } = await benchModel()
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })
const texts = createNewTexts((ROUNDS + WARM_UP) * BATCH_SIZE).map((text) => tokenizer.encode(text))
const plain = await openSession(directory, 'q8')
const batching = await openBatchingSession(directory, 'q8', Promise.resolve([texts[0] as number[], texts[1] as number[]]))
if (batching.batchingDisabledReason !== undefined) throw new Error(batching.batchingDisabledReason)

const variants = [{ name: 'plain session', session: plain, size: 1 }, ...[1, BATCH_SIZE / 2, BATCH_SIZE].map((size) => ({ name: `batches of ${size}`, session: batching, size }))]
  .map((variant) => ({ ...variant, costs: [] as number[], different: 0 }))
for (let round = 0; round < ROUNDS + WARM_UP; round++) {
  const group = texts.slice(round * BATCH_SIZE, (round + 1) * BATCH_SIZE)
  let expected = ''
  for (const variant of variants) {
    const logits: Float32Array[] = []
    // CPU time: other programs on the machine do not count.
    const before = process.cpuUsage()
    for (let first = 0; first < BATCH_SIZE; first += variant.size) logits.push(...await variant.session.run(group.slice(first, first + variant.size)))
    const { user, system } = process.cpuUsage(before)
    if (variant === variants[0]) expected = logits.join()
    else if (logits.join() !== expected) variant.different++
    // The first rounds allocate memory.
    if (round >= WARM_UP) variant.costs.push((user + system) / 1000 / BATCH_SIZE)
  }
}
process.stdout.write(`${formatMachine(describeMachine())}\n${modelName}\n\n| | CPU time per text, ms | relative | different logits |\n| --- | --- | --- | --- |\n`)
for (const { name, costs, different } of variants) {
  const ratios = costs.map((cost, round) => cost / (variants[0]?.costs[round] ?? NaN))
  process.stdout.write(`| ${name} | ${median(costs).toFixed(2)} | ${(100 * median(ratios)).toFixed(1)} % | ${different} of ${ROUNDS + WARM_UP} |\n`)
}
