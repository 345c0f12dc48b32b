import { createRequire } from 'node:module'

/** A session of ONNX Runtime, as far as the bench uses it. */
export interface Session { run: (feeds: object) => Promise<{ logits: { data: Float32Array } }> }

interface Runtime {
  InferenceSession: { create: (path: string, options: object) => Promise<Session> }
  Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => object
}

/** The very runtime that the library loads: it is the library's dependency, not the project's. */
export const runtime = createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node') as Runtime

/** What a session is fed for one text. */
export function feedsOf (tokens: readonly number[]): { input_ids: object, attention_mask: object } {
  const tensor = (data: BigInt64Array) => new runtime.Tensor('int64', data, [1, data.length])
  return { input_ids: tensor(BigInt64Array.from(tokens, BigInt)), attention_mask: tensor(new BigInt64Array(tokens.length).fill(1n)) }
}
