import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  ATTRIBUTE, GRAPH, MODEL, NODE, readOnnxFile, SHAPE, TENSOR, TENSOR_TYPE, TYPE, VALUE, type OnnxFile, type OnnxNode, type OnnxValue
} from './onnx-proto.ts'

/*
 * Rewrites a model's graph so that one run computes one text or BATCH_SIZE texts, each with separate nodes: see README.md.
 */

/** Number of texts of a batched run. */
export const BATCH_SIZE = 4

/** Boolean input: whether the run is batched. If it is not, only slot 0 is read. */
export const BATCH_INPUT = 'unpadded_batch'

/** The logits of all texts of the run, in one row. */
export const OUTPUT = 'unpadded_batch_logits'

/** The name of one of the model's inputs for the text in `slot`, counted from 0. */
export function slotInput (name: string, slot: number): string {
  return `${name}@${slot}`
}

/** Maximum number of bytes that `addUnpaddedBatch` appends: a copy of the graph, without weights, per slot. */
export const EXTRA_BYTES = 16 * 2 ** 20

/** The first version with `SequenceConstruct`, `SequenceAt`, and an `If` whose branches need no static shape. */
const MIN_OPSET = 11

const FLOAT = 1
const INT64 = 7
const BOOL = 9
const ATTRIBUTE_INT = 2
const ATTRIBUTE_GRAPH = 5

/** A field number that onnx.proto does not define for a graph: parsers skip it. */
const UNKNOWN_FIELD = 3

/** The operator that quantizes an activation before it is multiplied by weights. */
const QUANTIZE = 'DynamicQuantizeLinear'

/**
 * Rewrites an ONNX model in place and returns its bytes. The weights stay where they are: the model's nodes, inputs and outputs
 * become fields that parsers skip, and the new ones are appended as a second `graph` field, which parsers merge.
 * @param memory starts with the file, followed by EXTRA_BYTES
 * @param size of the file, in bytes
 * @throws {Error} with the reason if this model cannot be batched; the file is then unchanged
 */
export function addUnpaddedBatch (memory: Uint8Array, size: number): Uint8Array {
  const file = readOnnxFile(memory.subarray(0, size))
  check(file)
  const graph = new GraphWriter(file).write()
  if (graph.length > memory.length - size) throw new Error('its graph is too large')
  // Each of these tags is a single byte.
  for (const field of file.structure) field[0] = UNKNOWN_FIELD << 3 | WireType.LengthDelimited
  memory.set(graph, size)
  return memory.subarray(0, size + graph.length)
}

function check ({ opset, inputs, outputs, nodes, initializers }: OnnxFile): void {
  if (opset < MIN_OPSET) throw new Error(`its operators are of version ${opset}; batching needs ${MIN_OPSET}`)
  const [output] = outputs
  if (outputs.length !== 1 || output?.elementType !== FLOAT || output.rank === 1 || output.rank > 2) {
    throw new Error('it has more than one output, or one that is not a float per text and label')
  }
  const other = inputs.find(({ name, elementType, rank }) => initializers.has(name) || elementType !== INT64 || rank !== 2)
  if (other !== undefined) throw new Error(`its input ${other.name} is not a list of integers per text`)
  // The runtime's fusions of float products depend on shapes, which it cannot infer behind a sequence.
  if (!nodes.some(({ opType }) => opType === QUANTIZE)) throw new Error('its activations are not quantized dynamically')
}

class GraphWriter {
  readonly #file: OnnxFile
  readonly #inputs: ReadonlySet<string>
  readonly #writer = new BinaryWriter()

  constructor (file: OnnxFile) {
    this.#file = file
    this.#inputs = new Set(file.inputs.map(({ name }) => name))
  }

  write (): Uint8Array {
    const slots = Array.from({ length: BATCH_SIZE }, (_, slot) => slot)
    this.#message(MODEL.graph, () => {
      this.#int64('unpadded_batch_row', -1, [1])
      for (const slot of slots) this.#int64(`unpadded_batch_slot_${slot}`, slot)
      this.#node('If', [BATCH_INPUT], [OUTPUT], () => {
        this.#branch('then_branch', `${OUTPUT}_of_all`, (result) => this.#copies(slots, result))
        this.#branch('else_branch', `${OUTPUT}_of_one`, (result) => this.#copies([0], result))
      })
      this.#value(GRAPH.input, { name: BATCH_INPUT, elementType: BOOL, rank: 0 })
      for (const slot of slots) {
        for (const input of this.#file.inputs) this.#value(GRAPH.input, { ...input, name: slotInput(input.name, slot) })
      }
      this.#value(GRAPH.output, { name: OUTPUT, elementType: FLOAT, rank: 1 })
    })
    return this.#writer.finish()
  }

  #branch (name: string, result: string, write: (result: string) => void): void {
    this.#message(NODE.attribute, () => {
      this.#string(ATTRIBUTE.name, name)
      this.#message(ATTRIBUTE.graph, () => {
        this.#string(GRAPH.name, result)
        write(result)
        this.#value(GRAPH.output, { name: result, elementType: FLOAT, rank: 1 })
      })
      this.#writer.uint32(ATTRIBUTE.type << 3).int32(ATTRIBUTE_GRAPH)
    })
  }

  /** The model's nodes once per slot, and all logits in one row. */
  #copies (slots: readonly number[], result: string): void {
    const { nodes, outputs, initializers } = this.#file
    const synchronized = new Set<string>()
    const rename = (name: string, slot: number): string => {
      if (name === '' || initializers.has(name)) return name
      if (this.#inputs.has(name)) return slotInput(name, slot)
      return `${name}@${slot}/${slots.length}${synchronized.has(name) ? '/synchronized' : ''}`
    }
    for (const node of nodes) {
      const [operand] = node.inputs
      // A constant has one name for all slots.
      if (slots.length > 1 && node.opType === QUANTIZE && operand !== undefined && !synchronized.has(operand) && !initializers.has(operand)) {
        const before = slots.map((slot) => rename(operand, slot))
        synchronized.add(operand)
        this.#synchronize(before, slots.map((slot) => rename(operand, slot)), `${operand}@all`)
      }
      for (const slot of slots) this.#copy(node, `@${slot}/${slots.length}`, (name) => rename(name, slot))
    }
    const logits = outputs[0]?.name as string
    this.#node('Concat', slots.map((slot) => rename(logits, slot)), [`${result}/rows`], () => this.#attribute('axis', 0))
    this.#node('Reshape', [`${result}/rows`, 'unpadded_batch_row'], [result])
  }

  /**
   * A barrier: the runtime would compute one slot as far as possible, so this makes the next step of each slot depend on all slots.
   * It changes no number.
   */
  #synchronize (before: string[], after: string[], sequence: string): void {
    this.#node('SequenceConstruct', before, [sequence])
    after.forEach((name, slot) => this.#node('SequenceAt', [sequence, `unpadded_batch_slot_${slot}`], [name]))
  }

  #copy ({ name, inputs, outputs, rest }: OnnxNode, suffix: string, rename: (name: string) => string): void {
    this.#message(GRAPH.node, () => {
      for (const input of inputs) this.#string(NODE.input, rename(input))
      for (const output of outputs) this.#string(NODE.output, rename(output))
      if (name !== '') this.#string(NODE.name, name + suffix)
      for (const field of rest) this.#writer.raw(field)
    })
  }

  #node (opType: string, inputs: string[], outputs: string[], attributes: () => void = () => {}): void {
    this.#message(GRAPH.node, () => {
      for (const input of inputs) this.#string(NODE.input, input)
      for (const output of outputs) this.#string(NODE.output, output)
      this.#string(NODE.opType, opType)
      attributes()
    })
  }

  #attribute (name: string, value: number): void {
    this.#message(NODE.attribute, () => {
      this.#string(ATTRIBUTE.name, name)
      this.#writer.uint32(ATTRIBUTE.integer << 3).int64(value)
      this.#writer.uint32(ATTRIBUTE.type << 3).int32(ATTRIBUTE_INT)
    })
  }

  #int64 (name: string, value: number, dims: number[] = []): void {
    this.#initializer(name, INT64, dims, new Uint8Array(BigInt64Array.of(BigInt(value)).buffer))
  }

  #initializer (name: string, dataType: number, dims: number[], rawData: Uint8Array): void {
    this.#message(GRAPH.initializer, () => {
      for (const size of dims) this.#writer.uint32(TENSOR.dims << 3).int64(size)
      this.#writer.uint32(TENSOR.dataType << 3).int32(dataType)
      this.#string(TENSOR.name, name)
      this.#writer.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(rawData)
    })
  }

  /** An input or output, with unique dimension names. */
  #value (field: number, { name, elementType, rank }: OnnxValue): void {
    this.#message(field, () => {
      this.#string(VALUE.name, name)
      this.#message(VALUE.type, () => this.#message(TYPE.tensor, () => {
        this.#writer.uint32(TENSOR_TYPE.elementType << 3).int32(elementType)
        this.#message(TENSOR_TYPE.shape, () => {
          for (let index = 0; index < rank; index++) {
            this.#message(SHAPE.dimension, () => this.#string(SHAPE.dimensionName, `${name}/${index}`))
          }
        })
      }))
    })
  }

  #string (field: number, value: string): void {
    this.#writer.tag(field, WireType.LengthDelimited).string(value)
  }

  #message (field: number, write: () => void): void {
    this.#writer.tag(field, WireType.LengthDelimited).fork()
    write()
    this.#writer.join()
  }
}
