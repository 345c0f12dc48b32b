import { basename, dirname, join } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'
import { buildFeeds, runtime } from '../../src/inference/onnx-runtime.ts'

/** One session of limit (c): see bare-runtime.ts. */

export interface RuntimeOptions {
  directory: string
  texts: string[]
  /** ONNX Runtime session options. */
  options: object
}
export interface RuntimeReply { perSecond: number }

const { directory, texts, options } = JSON.parse(process.argv[2] as string) as RuntimeOptions
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })
const session = await runtime.InferenceSession.create(join(directory, 'onnx/model_quantized.onnx'), options)
const inputs = texts.map((text) => buildFeeds(tokenizer.encode(text), session.inputNames))
// The session allocates memory for every length that it has not run before.
for (const input of inputs.slice(0, 50)) await session.run(input)
let next = 0

async function measure (seconds: number): Promise<RuntimeReply> {
  const start = performance.now()
  let runs = 0
  while (performance.now() - start < seconds * 1000) {
    await session.run(inputs[next++ % inputs.length] ?? {})
    runs++
  }
  return { perSecond: runs / (performance.now() - start) * 1000 }
}

process.on('message', (seconds: number) => {
  void measure(seconds).then((reply) => process.send?.(reply))
})
process.send?.('ready')
