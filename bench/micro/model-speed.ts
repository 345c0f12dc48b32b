import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Classifier } from '../../src/inference/classifier.ts'
import type { TextResult } from '../../src/inference/protocol.ts'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { referenceModel } from '../lib/model.ts'
import { percentile } from '../lib/statistics.ts'

/**
 * Times one text on one thread, by length in tokens: the embedded model and another one in interleaved rounds. Prints the lower
 * quartile of each and their ratio: another program on the machine can only add to a time.
 *
 *   npm run bench:model-speed [-- --against DIR|FILE]
 *
 * The other model is the reference model (cardiffnlp's shape), or with --against the model in a directory, or an ONNX file that
 * uses the embedded model's tokenizer.
 */

const LENGTHS = [16, 32, 64, 128]
const ROUNDS = 40
const COMPACT = fileURLToPath(new URL('../../models/compact', import.meta.url))

/** A directory with the embedded model's files except the weights, which are `file`. The caller removes it. */
async function withWeights (file: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'model-speed-'))
  await mkdir(join(directory, 'onnx'))
  await symlink(file, join(directory, 'onnx', 'model_quantized.onnx'))
  for (const name of (await readdir(COMPACT)).filter((entry) => entry.endsWith('.json'))) await symlink(join(COMPACT, name), join(directory, name))
  return directory
}

async function loadOther (path: string | undefined): Promise<Classifier> {
  if (path === undefined) return load(await referenceModel())
  if ((await stat(path)).isDirectory()) return load(resolve(path))
  const directory = await withWeights(resolve(path))
  try {
    return await load(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

const load = (directory: string): Promise<Classifier> => Classifier.load({ directory, dtype: 'q8', batching: false })

const { against } = parseArgs({ options: { against: { type: 'string' } } }).values
const models = [await load(COMPACT), await loadOther(against)] as const

process.stdout.write(`${formatMachine(describeMachine())}\n\n| tokens | compact, ms | ${against ?? 'reference model'}, ms | ratio |\n| --- | --- | --- | --- |\n`)
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
  const [compact, other] = times.map((values) => percentile(values.sort((a, b) => a - b), 25)) as [number, number]
  process.stdout.write(`| ${length} | ${compact.toFixed(2)} | ${other.toFixed(2)} | ${(other / compact).toFixed(2)} |\n`)
}
