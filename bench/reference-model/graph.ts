import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { DataType } = onnx.TensorProto

type Attribute = number | number[] | { float: number }
type Dimension = number | string

/** Builds an ONNX graph node by node. Every method returns the name of the value that it makes. */
export class GraphBuilder {
  readonly #graph = onnx.GraphProto.create({ name: 'roberta' })
  #counter = 0

  input (name: string, dimensions: Dimension[]): string {
    this.#graph.input.push(valueInfo(name, DataType.INT64, dimensions))
    return name
  }

  /**
   * @param dimensions undefined to declare no shape
   * @param elementType as in TensorProto.DataType
   */
  output (name: string, dimensions: Dimension[] | undefined, elementType: number = DataType.FLOAT): void {
    this.#graph.output.push(valueInfo(name, elementType, dimensions))
  }

  floats (values: Float32Array, dims: number[] = []): string {
    return this.#initializer(DataType.FLOAT, values, dims)
  }

  scalar (value: number): string {
    return this.floats(Float32Array.of(value))
  }

  int64s (values: number[], dims: number[] = [values.length]): string {
    return this.#initializer(DataType.INT64, BigInt64Array.from(values.map(BigInt)), dims)
  }

  int8s (values: Int8Array, dims: number[] = []): string {
    return this.#initializer(DataType.INT8, values, dims)
  }

  /** Half-precision numbers, by their bits. */
  halves (bits: Uint16Array, dims: number[] = []): string {
    return this.#initializer(DataType.FLOAT16, bits, dims)
  }

  /** A node with one output. */
  node (opType: string, inputs: string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    return this.nodes(opType, inputs, 1, attributes, output)[0] as string
  }

  /** A node with `outputs` outputs. */
  nodes (opType: string, inputs: string[], outputs: number, attributes: Record<string, Attribute> = {}, output?: string): string[] {
    const names = Array.from({ length: outputs }, () => output ?? this.#name(opType))
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value))
    this.#graph.node.push(onnx.NodeProto.create({ name: this.#name('node'), opType, input: inputs, output: names, attribute }))
    return names
  }

  /** The model's bytes. Opset 17 has LayerNormalization, which the runtime's own fusion makes of older graphs. */
  encode (): Uint8Array {
    const model = onnx.ModelProto.create({
      irVersion: 8,
      producerName: 'reference-model',
      opsetImport: [{ domain: '', version: 17 }],
      graph: this.#graph
    })
    return onnx.ModelProto.encode(model).finish()
  }

  #initializer (dataType: number, values: ArrayBufferView, dims: number[]): string {
    const name = this.#name('const')
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    this.#graph.initializer.push(onnx.TensorProto.create({ name, dataType, dims, rawData }))
    return name
  }

  #name (kind: string): string {
    return `${kind}_${this.#counter++}`
  }
}

function valueInfo (name: string, elemType: number, dimensions: Dimension[] | undefined) {
  const dim = dimensions?.map((size) => typeof size === 'number' ? { dimValue: size } : { dimParam: size })
  return onnx.ValueInfoProto.create({ name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } })
}

function attributeProto (name: string, value: Attribute) {
  const { AttributeType } = onnx.AttributeProto
  if (Array.isArray(value)) return onnx.AttributeProto.create({ name, type: AttributeType.INTS, ints: value })
  if (typeof value === 'number') return onnx.AttributeProto.create({ name, type: AttributeType.INT, i: value })
  return onnx.AttributeProto.create({ name, type: AttributeType.FLOAT, f: value.float })
}
