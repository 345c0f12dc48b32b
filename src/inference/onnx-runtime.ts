import { createRequire } from 'node:module'

export type Tensor = object

export interface OutputTensor {
  /** Half precision is a `Float16Array` if the JavaScript engine has it, else the raw bits. */
  data: Float32Array | Uint16Array
  dims: readonly number[]
}

/** The parts of an ONNX Runtime session that the service uses. */
export interface OnnxSession {
  inputNames: readonly string[]
  outputMetadata: readonly { name: string, isTensor: boolean, type?: string, shape?: readonly (number | string)[] }[]
  run: (feeds: Record<string, Tensor>) => Promise<Record<string, OutputTensor>>
  release: () => Promise<void>
}

interface OnnxRuntime {
  InferenceSession: { create: (model: Uint8Array | string, options: object) => Promise<OnnxSession> }
  Tensor: new (type: 'int64' | 'bool', data: BigInt64Array | Uint8Array, dims: readonly number[]) => Tensor
}

/** The instance that @xenova/transformers uses: ONNX Runtime is its dependency, not this project's. */
export const runtime = createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node') as OnnxRuntime

/** ONNX Runtime's options for every session of the service. */
export const SESSION_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // The fused kernel is slower than the addition and the normalization that it replaces, by 10 % of a whole run with ONNX
  // Runtime 1.30 (`npm run bench:session-options`).
  extra: { optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' } }
} as const

/** A text's token ids. */
export type Ids = readonly number[]

/** A loaded model, which computes the logits of texts. */
export interface Session {
  /** Maximum number of texts per run, at least 1. */
  readonly maxTextsPerRun: number
  /** Why `maxTextsPerRun` is 1 although batching was requested. */
  readonly batchingDisabledReason?: string | undefined
  /** Returns the logits of each text. */
  run: (texts: readonly Ids[]) => Promise<Float32Array[]>
  /** Frees the session's memory. */
  release: () => Promise<void>
}

/** The values of a sequence classifier's inputs for one text, by input name. */
const INPUTS: Record<string, (ids: Ids) => BigInt64Array> = {
  input_ids: (ids) => BigInt64Array.from(ids, BigInt),
  attention_mask: (ids) => new BigInt64Array(ids.length).fill(1n),
  token_type_ids: (ids) => new BigInt64Array(ids.length)
}

/** Builds the tensors of the inputs `names` for one text. */
export function buildFeeds (ids: Ids, names: readonly string[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (const name of names) feeds[name] = new runtime.Tensor('int64', INPUTS[name]?.(ids) ?? new BigInt64Array(), [1, ids.length])
  return feeds
}

/** @throws {Error} if a model with these inputs requires more than a text */
export function checkInputs (names: readonly string[]): void {
  const unknown = names.filter((name) => !(name in INPUTS))
  if (unknown.length > 0) throw new Error(`The model has the input ${unknown.join(', ')} beside the text: it is not a text classifier`)
}

/**
 * Returns the name of the output with the logits: the one called `logits`, or the only float output.
 * @throws {Error} if there is none with one number per text and label
 */
export function selectOutput (outputs: OnnxSession['outputMetadata']): string {
  const floats = outputs.filter(({ type }) => type === 'float32' || type === 'float16')
  const output = floats.find(({ name }) => name === 'logits') ?? (floats.length === 1 ? floats[0] : undefined)
  if (output === undefined) {
    const list = outputs.map(({ name, type = 'no tensor' }) => `${name} (${type})`).join(', ')
    throw new Error(`The model has the outputs ${list}: none of them is called logits, or is the only one with float numbers`)
  }
  // A model need not declare shapes: `readLogits` checks those of the numbers.
  checkRank(output.name, output.shape?.length || 2)
  return output.name
}

/** @throws {Error} unless the output has one number per text and label */
function checkRank (name: string, rank: number): void {
  if (rank !== 2) throw new Error(`The model's output ${name} does not have one number per text and label: it is not a text classifier`)
}

/** Returns the logits of one text from the outputs of its run. @throws {Error} if they are not one number per label */
export function readLogits (outputs: Record<string, OutputTensor>, name: string): Float32Array {
  const output = outputs[name]
  checkRank(name, output?.dims.length ?? 0)
  return toFloat32(output)
}

/** Copies an output's numbers; decodes half precision. */
export function toFloat32 (output: Pick<OutputTensor, 'data'> | undefined): Float32Array {
  const data = output?.data ?? []
  return data instanceof Uint16Array ? Float32Array.from(data, decodeHalf) : Float32Array.from(data)
}

/** Decodes an IEEE 754 half-precision number from its bits. */
function decodeHalf (bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = bits >> 10 & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}
