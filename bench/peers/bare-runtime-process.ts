import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { AutoTokenizer, env } from '@xenova/transformers'

/** One session of ceiling (c): see bare-runtime.ts. */

export interface RuntimeStartup {
  directory: string
  texts: string[]
  /** Of ONNX Runtime's session. */
  options: object
}
export interface RuntimeReply { perSecond: number }

interface Runtime {
  InferenceSession: { create: (path: string, options: object) => Promise<{ run: (feeds: object) => Promise<object> }> }
  Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => object
}

// The very runtime that the library loads: it is the library's dependency, not the project's.
const runtime = createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node') as Runtime

const { directory, texts, options } = JSON.parse(process.argv[2] as string) as RuntimeStartup
env.localModelPath = dirname(directory)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(directory), { local_files_only: true })
const session = await runtime.InferenceSession.create(join(directory, 'onnx/model_quantized.onnx'), options)
const inputs = texts.map((text) => {
  const ids = BigInt64Array.from(tokenizer.encode(text), BigInt)
  const tensor = (data: BigInt64Array) => new runtime.Tensor('int64', data, [1, data.length])
  return { input_ids: tensor(ids), attention_mask: tensor(new BigInt64Array(ids.length).fill(1n)) }
})
// Every length once: the session allocates for it.
for (const input of inputs.slice(0, 50)) await session.run(input)
let next = 0

async function measure (seconds: number): Promise<RuntimeReply> {
  const start = performance.now()
  let runs = 0
  while (performance.now() - start < seconds * 1000) {
    await session.run(inputs[next++ % inputs.length] as object)
    runs++
  }
  return { perSecond: runs / (performance.now() - start) * 1000 }
}

process.on('message', (seconds: number) => {
  void measure(seconds).then((reply) => process.send?.(reply))
})
process.send?.('ready')
