import { GraphBuilder } from './graph.ts'
import { WEIGHT_SCALE, WeightSource } from './random.ts'
import { LABELS, PAD_ID, type Shape } from './shape.ts'

const FLOAT = 1
const INT64 = 7
const LAYER_NORM_EPSILON = 1e-5
const MASKED = -10_000

/** A value as float, and as dynamic int8 once something multiplies it. */
interface Activation { value: string, quantized?: string[] }

/**
 * A RoBERTa classifier with random weights (Liu et al., "RoBERTa", 2019), quantized as ONNX Runtime's quantize_dynamic
 * does: activations by DynamicQuantizeLinear, shared by the products that read them; MatMulInteger; int8 embeddings.
 */
export function robertaClassifier (shape: Shape, seed: number): Uint8Array {
  return new Roberta(shape, seed).build()
}

class Roberta {
  readonly #graph = new GraphBuilder()
  readonly #shape: Shape
  readonly #source: WeightSource
  readonly #embeddingScale: string
  readonly #zero: string
  #products = 0

  constructor (shape: Shape, seed: number) {
    this.#shape = shape
    this.#source = new WeightSource(seed)
    this.#embeddingScale = this.#graph.scalar(WEIGHT_SCALE)
    this.#zero = this.#graph.int8s(Int8Array.of(0))
  }

  build (): Uint8Array {
    const graph = this.#graph
    const ids = graph.input('input_ids', ['batch', 'sequence'])
    const mask = graph.input('attention_mask', ['batch', 'sequence'])
    const bias = this.#attentionBias(mask)
    let hidden = this.#embed(ids)
    for (let layer = 0; layer < this.#shape.layers; layer++) hidden = this.#layer(hidden, bias)
    const first = graph.node('Gather', [hidden.value, graph.int64s([0], [])], { axis: 1 })
    const { hidden: width } = this.#shape
    const dense = graph.node('Tanh', [this.#linear({ value: first }, width, width)])
    const logits = this.#linear({ value: dense }, width, LABELS.length)
    // Random heads give logits near zero: a factor makes the scores differ as a trained model's do.
    graph.node('Mul', [logits, graph.scalar(20)], {}, 'logits')
    graph.output('logits', ['batch', LABELS.length])
    return graph.encode()
  }

  /** Zero for tokens, a large negative number for padding: [batch, 1, 1, sequence]. */
  #attentionBias (mask: string): string {
    const graph = this.#graph
    const wide = graph.node('Unsqueeze', [mask, graph.int64s([1, 2])])
    const padding = graph.node('Sub', [graph.scalar(1), graph.node('Cast', [wide], { to: FLOAT })])
    return graph.node('Mul', [padding, graph.scalar(MASKED)])
  }

  /** Token and position embeddings; positions count the tokens that are no padding, from padding_idx + 1. */
  #embed (ids: string): Activation {
    const graph = this.#graph
    const { vocabulary, positions, hidden } = this.#shape
    const token = graph.node('Cast', [graph.node('Not', [graph.node('Equal', [ids, graph.int64s([PAD_ID], [])])])], { to: INT64 })
    const count = graph.node('Mul', [graph.node('CumSum', [token, graph.int64s([1], [])]), token])
    const position = graph.node('Add', [count, graph.int64s([PAD_ID], [])])
    const sum = graph.node('Add', [this.#lookup(ids, vocabulary, hidden), this.#lookup(position, positions, hidden)])
    return { value: this.#layerNorm(sum) }
  }

  #lookup (indices: string, rows: number, width: number): string {
    const table = this.#graph.int8s(this.#source.weights(rows * width), [rows, width])
    return this.#graph.node('DequantizeLinear', [this.#graph.node('Gather', [table, indices]), this.#embeddingScale, this.#zero])
  }

  #layer (input: Activation, bias: string): Activation {
    const graph = this.#graph
    const { hidden, intermediate } = this.#shape
    const attended = this.#linear({ value: this.#attend(input, bias) }, hidden, hidden)
    const normed: Activation = { value: this.#layerNorm(graph.node('Add', [attended, input.value])) }
    const expanded = this.#gelu(this.#linear(normed, hidden, intermediate))
    const reduced = this.#linear({ value: expanded }, intermediate, hidden)
    return { value: this.#layerNorm(graph.node('Add', [reduced, normed.value])) }
  }

  #attend (input: Activation, bias: string): string {
    const graph = this.#graph
    const { hidden, heads } = this.#shape
    const width = hidden / heads
    const split = (perm: number[]): string => {
      const projected = this.#linear(input, hidden, hidden)
      return graph.node('Transpose', [graph.node('Reshape', [projected, graph.int64s([0, 0, heads, width])])], { perm })
    }
    const query = split([0, 2, 1, 3])
    const key = split([0, 2, 3, 1])
    const value = split([0, 2, 1, 3])
    const scores = graph.node('Div', [graph.node('MatMul', [query, key]), graph.scalar(Math.sqrt(width))])
    const weights = graph.node('Softmax', [graph.node('Add', [scores, bias])], { axis: -1 })
    const context = graph.node('Transpose', [graph.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] })
    return graph.node('Reshape', [context, graph.int64s([0, 0, hidden])])
  }

  /** x · W + b in dynamic int8. */
  #linear (input: Activation, from: number, to: number): string {
    const graph = this.#graph
    input.quantized ??= graph.nodes('DynamicQuantizeLinear', [input.value], 3)
    const [values, scale, zero] = input.quantized as [string, string, string]
    const weights = graph.int8s(this.#source.weights(from * to), [from, to])
    const product = graph.node('MatMulInteger', [values, weights, zero, this.#zero])
    const scales = graph.node('Mul', [scale, graph.scalar(this.#nextScale())])
    const scaled = graph.node('Mul', [graph.node('Cast', [product], { to: FLOAT }), scales])
    const bias = Float32Array.from(this.#source.weights(to), (step) => step * WEIGHT_SCALE)
    return graph.node('Add', [scaled, graph.floats(bias, [to])])
  }

  /** Each weight has a scale of its own, as in trained models: the runtime would merge equal ones, and miss a fusion. */
  #nextScale (): number {
    return WEIGHT_SCALE * (1 + ++this.#products / 1024)
  }

  /** The exact GELU, by the error function (Hendrycks and Gimpel, 2016). */
  #gelu (value: string): string {
    const graph = this.#graph
    const erf = graph.node('Erf', [graph.node('Div', [value, graph.scalar(Math.SQRT2)])])
    const gate = graph.node('Add', [erf, graph.scalar(1)])
    return graph.node('Mul', [graph.node('Mul', [value, gate]), graph.scalar(0.5)])
  }

  #layerNorm (value: string): string {
    const { hidden } = this.#shape
    const gamma = this.#graph.floats(new Float32Array(hidden).fill(1), [hidden])
    const beta = this.#graph.floats(new Float32Array(hidden), [hidden])
    return this.#graph.node('LayerNormalization', [value, gamma, beta], { axis: -1, epsilon: { float: LAYER_NORM_EPSILON } })
  }
}
