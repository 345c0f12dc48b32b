import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/**
 * The parts of an ONNX file that are needed to use its weights with other nodes. They are views of the file: weights are never
 * copied. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export interface OnnxFile {
  /** Version of the standard operators. */
  opset: number
  nodes: OnnxNode[]
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  /** Names of the weights and constants. */
  initializers: Set<string>
  /** Every node, input, output and intermediate type: bytes that start with the tag of a field of the graph. */
  structure: Uint8Array[]
}

export interface OnnxNode {
  name: string
  opType: string
  inputs: string[]
  outputs: string[]
  /** Its other fields, unchanged. */
  rest: Uint8Array[]
}

export interface OnnxValue {
  name: string
  /** Element type, as in TensorProto.DataType. */
  elementType: number
  /** Number of dimensions. */
  rank: number
}

/** The field numbers of onnx.proto that are read or written. */
export const MODEL = { opsetImport: 8, graph: 7 } as const
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13 } as const
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const
export const ATTRIBUTE = { name: 1, integer: 3, graph: 6, graphs: 11, type: 20 } as const
export const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, dataLocation: 14 } as const
export const VALUE = { name: 1, type: 2 } as const
export const TYPE = { tensor: 1 } as const
export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const
export const SHAPE = { dimension: 1, dimensionName: 2 } as const
const OPSET = { domain: 1, version: 2 } as const

interface Field {
  number: number
  /** The value of a varint. */
  value: number
  /** The content of a string or a message. */
  content: Uint8Array
  /** The whole field, with its tag. */
  bytes: Uint8Array
}

const NOTHING = new Uint8Array()
const decoder = new TextDecoder()

/** @throws {Error} if the bytes are not an ONNX model, a node has a subgraph, or weights are in another file */
export function readOnnxFile (bytes: Uint8Array): OnnxFile {
  const file: OnnxFile = { opset: 0, nodes: [], inputs: [], outputs: [], initializers: new Set(), structure: [] }
  for (const { number, content } of fields(bytes)) {
    if (number === MODEL.graph) readGraph(content, file)
    else if (number === MODEL.opsetImport) file.opset = Math.max(file.opset, standardOpset(content))
  }
  return file
}

function readGraph (bytes: Uint8Array, file: OnnxFile): void {
  for (const { number, content, bytes: field } of fields(bytes)) {
    if (number === GRAPH.initializer) file.initializers.add(tensorName(content))
    else if (number === GRAPH.node) file.nodes.push(readNode(content))
    else if (number === GRAPH.input) file.inputs.push(readValue(content))
    else if (number === GRAPH.output) file.outputs.push(readValue(content))
    else if (number !== GRAPH.valueInfo) continue
    if (number !== GRAPH.initializer) file.structure.push(field)
  }
}

function readNode (bytes: Uint8Array): OnnxNode {
  const node: OnnxNode = { name: '', opType: '', inputs: [], outputs: [], rest: [] }
  for (const { number, content, bytes: field } of fields(bytes)) {
    if (number === NODE.input) node.inputs.push(decoder.decode(content))
    else if (number === NODE.output) node.outputs.push(decoder.decode(content))
    else if (number === NODE.name) node.name = decoder.decode(content)
    else node.rest.push(field)
    if (number === NODE.opType) node.opType = decoder.decode(content)
    if (number === NODE.attribute && hasSubgraph(content)) throw new Error('one of its nodes has a subgraph')
  }
  return node
}

function hasSubgraph (attribute: Uint8Array): boolean {
  return [...fields(attribute)].some(({ number }) => number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs)
}

function tensorName (bytes: Uint8Array): string {
  let name = ''
  for (const { number, content, value } of fields(bytes)) {
    if (number === TENSOR.name) name = decoder.decode(content)
    else if (number === TENSOR.dataLocation && value !== 0) throw new Error('its weights are in another file')
  }
  return name
}

function readValue (bytes: Uint8Array): OnnxValue {
  const tensor = nested(nested(bytes, VALUE.type), TYPE.tensor)
  const elementType = [...fields(tensor)].find(({ number }) => number === TENSOR_TYPE.elementType)?.value ?? 0
  const rank = [...fields(nested(tensor, TENSOR_TYPE.shape))].filter(({ number }) => number === SHAPE.dimension).length
  return { name: decoder.decode(nested(bytes, VALUE.name)), elementType, rank }
}

/** The version of the standard operators, or 0 if other operators are imported. */
function standardOpset (bytes: Uint8Array): number {
  const domain = decoder.decode(nested(bytes, OPSET.domain))
  if (domain !== '' && domain !== 'ai.onnx') return 0
  return [...fields(bytes)].find(({ number }) => number === OPSET.version)?.value ?? 0
}

/** The content of the message's field with this number; empty if there is none. */
function nested (bytes: Uint8Array, wanted: number): Uint8Array {
  return [...fields(bytes)].find(({ number }) => number === wanted)?.content ?? NOTHING
}

function * fields (bytes: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const start = reader.pos
    const [number, wireType] = reader.tag()
    const field: Field = { number, value: 0, content: NOTHING, bytes: NOTHING }
    if (wireType === WireType.LengthDelimited) field.content = reader.bytes()
    else if (wireType === WireType.Varint) field.value = Number(reader.int64())
    else reader.skip(wireType, number)
    field.bytes = bytes.subarray(start, reader.pos)
    yield field
  }
}
