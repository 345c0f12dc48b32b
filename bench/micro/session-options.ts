import { basename, dirname, join } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'
import { buildFeeds, runtime, SESSION_OPTIONS, type OnnxSession } from '../../src/inference/onnx-runtime.ts'
import { describeMachine, formatMachine } from '../lib/machine.ts'
import { referenceModel } from '../lib/model.ts'
import { median } from '../lib/statistics.ts'
import { createNewTexts } from '../load/new-texts.ts'

/** Measures what ONNX Runtime's session options change in the CPU time of one text on one thread, and whether they change its logits. */

const ROUNDS = 64
const WARM_UP = 8
const { extra, ...ONE_THREAD } = SESSION_OPTIONS
const VARIANTS: Record<string, object> = {
  'service options': SESSION_OPTIONS,
  'with every fusion': ONE_THREAD,
  'optimizations: extended': { ...SESSION_OPTIONS, graphOptimizationLevel: 'extended' },
  'optimizations: basic': { ...SESSION_OPTIONS, graphOptimizationLevel: 'basic' },
  'no memory arena': { ...SESSION_OPTIONS, enableCpuMemArena: false },
  'no memory pattern': { ...SESSION_OPTIONS, enableMemPattern: false },
  'approximate GELU': { ...SESSION_OPTIONS, extra: { optimization: { ...extra.optimization, enable_gelu_approximation: '1' } } },
  'denormals as zero': { ...SESSION_OPTIONS, extra: { ...extra, session: { set_denormal_as_zero: '1' } } }
}

const directory = await referenceModel()
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })

interface Variant { name: string, session: OnnxSession, ratios: number[], different: number }
const variants: Variant[] = []
for (const [name, options] of Object.entries(VARIANTS)) {
  const session = await runtime.InferenceSession.create(join(directory, 'onnx/model_quantized.onnx'), options)
  variants.push({ name, session, ratios: [], different: 0 })
}

/** Logits, and the CPU time in microseconds: other programs on the machine do not count. */
async function measure (session: OnnxSession, input: Record<string, object>): Promise<{ cpu: number, logits: string }> {
  const before = process.cpuUsage()
  const { logits } = await session.run(input)
  const { user, system } = process.cpuUsage(before)
  return { cpu: user + system, logits: logits?.data.join() ?? '' }
}

for (const [round, text] of createNewTexts(ROUNDS + WARM_UP).entries()) {
  const input = buildFeeds(tokenizer.encode(text), variants[0]?.session.inputNames ?? [])
  // The variant that runs first in a round finds cold caches: each is first equally often.
  const first = round % variants.length
  const order = [...variants.slice(first), ...variants.slice(0, first)]
  const results = new Map<Variant, { cpu: number, logits: string }>()
  for (const variant of order) results.set(variant, await measure(variant.session, input))
  // The first rounds allocate memory.
  if (round < WARM_UP) continue
  const baseline = results.get(variants[0] as Variant)
  for (const [variant, { cpu, logits }] of results) {
    variant.ratios.push(cpu / (baseline?.cpu ?? NaN))
    if (logits !== baseline?.logits) variant.different++
  }
}
process.stdout.write(`${formatMachine(describeMachine())}\n\n| session | CPU time | different logits |\n| --- | --- | --- |\n`)
for (const { name, ratios, different } of variants) {
  process.stdout.write(`| ${name} | ${(median(ratios) * 100).toFixed(1)} % | ${different} of ${ROUNDS} |\n`)
}
