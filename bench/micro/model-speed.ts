import { fileURLToPath } from 'node:url'
import { Classifier } from '../../src/inference/classifier.ts'
import type { TextResult } from '../../src/inference/protocol.ts'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { referenceModel } from '../lib/model.ts'
import { median } from '../lib/statistics.ts'

/**
 * Times one text on one thread, by length in tokens: the embedded model against the reference model (cardiffnlp's shape),
 * interleaved in one run. Prints the median of each and their ratio.
 */

const LENGTHS = [16, 32, 64, 128]
const ROUNDS = 15

const models = [
  await Classifier.load({ directory: fileURLToPath(new URL('../../models/compact', import.meta.url)), dtype: 'q8', lanes: false }),
  await Classifier.load({ directory: await referenceModel(), dtype: 'q8', lanes: false })
] as const

process.stdout.write(`${formatMachine(describeMachine())}\n\n| tokens | compact, ms | reference model, ms | ratio |\n| --- | --- | --- | --- |\n`)
for (const length of LENGTHS) {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, model] of models.entries()) {
      // One word is one token to both, and each adds two of its own.
      const [{ tokens, inferenceMs }] = await model.classify([Array.from({ length: length - 2 }, () => 'the').join(' ')]) as [TextResult]
      if (Math.abs(tokens - length) > 1) throw new Error(`Expected ${length} tokens, got ${tokens}`)
      // The first round allocates memory for the length.
      if (round > 0) times[index as 0 | 1].push(inferenceMs)
    }
  }
  const [compact, reference] = times.map((values) => median(values)) as [number, number]
  process.stdout.write(`| ${length} | ${compact.toFixed(2)} | ${reference.toFixed(2)} | ${(reference / compact).toFixed(1)} |\n`)
}
