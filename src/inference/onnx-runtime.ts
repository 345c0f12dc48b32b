import { createRequire } from 'node:module'

export type Tensor = object

/** A session of ONNX Runtime, as far as it is used here. */
export interface OnnxSession {
  inputNames: readonly string[]
  run: (feeds: Record<string, Tensor>) => Promise<Record<string, { data: Float32Array }>>
  release: () => Promise<void>
}

interface OnnxRuntime {
  InferenceSession: { create: (model: Uint8Array | string, options: object) => Promise<OnnxSession> }
  Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => Tensor
}

/** The very runtime that the library loads: it is the library's dependency, not the project's. */
export const runtime = createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node') as OnnxRuntime

/** What an input of a sequence classifier holds for one whole text, by its name. */
const INPUTS: Record<string, (ids: readonly number[]) => BigInt64Array> = {
  input_ids: (ids) => BigInt64Array.from(ids, BigInt),
  attention_mask: (ids) => new BigInt64Array(ids.length).fill(1n),
  token_type_ids: (ids) => new BigInt64Array(ids.length)
}

/** What the inputs of these names are fed for one text, by its token ids. */
export function buildFeeds (ids: readonly number[], names: readonly string[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (const name of names) feeds[name] = new runtime.Tensor('int64', INPUTS[name]?.(ids) ?? new BigInt64Array(), [1, ids.length])
  return feeds
}

/** @throws {Error} where a model with inputs of these names takes something else than a text */
export function checkInputs (names: readonly string[]): void {
  const unknown = names.filter((name) => !(name in INPUTS))
  if (unknown.length > 0) throw new Error(`The model takes ${unknown.join(', ')} beside a text: this is not a text classifier`)
}
