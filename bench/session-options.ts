import { basename, dirname, join } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'
import { buildFeeds, runtime, type OnnxSession } from '../src/inference/onnx-runtime.ts'
import { SESSION_OPTIONS } from '../src/inference/session-options.ts'
import { newTexts } from './lib/fresh.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { referenceModel } from './lib/model.ts'
import { median } from './lib/statistics.ts'

/** What options of ONNX Runtime's session cost or save one text on one thread, and whether they change its answer. */

const ROUNDS = 60
const { extra, ...ONE_THREAD } = SESSION_OPTIONS
const VARIANTS: Record<string, object> = {
  'as the service': SESSION_OPTIONS,
  'every fusion of the library': ONE_THREAD,
  'optimizations: extended': { ...SESSION_OPTIONS, graphOptimizationLevel: 'extended' },
  'optimizations: basic': { ...SESSION_OPTIONS, graphOptimizationLevel: 'basic' },
  'no memory arena': { ...SESSION_OPTIONS, enableCpuMemArena: false },
  'no memory pattern': { ...SESSION_OPTIONS, enableMemPattern: false },
  'GELU by its approximation': { ...SESSION_OPTIONS, extra: { optimization: { ...extra.optimization, enable_gelu_approximation: '1' } } },
  'denormals as zero': { ...SESSION_OPTIONS, extra: { ...extra, session: { set_denormal_as_zero: '1' } } }
}

const directory = await referenceModel()
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })

const names = Object.keys(VARIANTS)
const sessions: OnnxSession[] = []
for (const name of names) sessions.push(await runtime.InferenceSession.create(join(directory, 'onnx/model_quantized.onnx'), VARIANTS[name] as object))
const inputs = newTexts(ROUNDS).map((text) => buildFeeds(tokenizer.encode(text), sessions[0]?.inputNames ?? []))
const ratios = names.map((): number[] => [])
const different = names.map(() => 0)
for (const input of inputs) {
  // CPU time: another program on the machine does not count.
  const costs: number[] = []
  let answer = ''
  for (const [index, session] of sessions.entries()) {
    const before = process.cpuUsage()
    const { logits } = await session.run(input)
    const { user, system } = process.cpuUsage(before)
    costs.push(user + system)
    const given = logits?.data.join() ?? ''
    if (index === 0) answer = given
    else if (given !== answer) different[index] = (different[index] ?? 0) + 1
  }
  costs.forEach((cost, index) => ratios[index]?.push(cost / (costs[0] as number)))
}
process.stdout.write(`${machineLine(describeMachine())}\n\n| session | CPU time | other answers |\n| --- | --- | --- |\n`)
names.forEach((name, index) => {
  process.stdout.write(`| ${name} | ${(median(ratios[index] ?? []) * 100).toFixed(1)} % | ${different[index]} of ${ROUNDS} |\n`)
})
