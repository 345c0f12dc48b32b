import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { LANE_COUNTS, MAX_LANES } from '../lane-counts.ts'
import {
  ATTRIBUTE, GRAPH, MODEL, NODE, readOnnxFile, SHAPE, TENSOR, TENSOR_TYPE, TYPE, VALUE, type OnnxFile, type OnnxNode, type OnnxValue
} from './onnx-proto.ts'

/**
 * Gives a model lanes: one run takes several texts, each through nodes of its own, so that its numbers are the same to the bit
 * as in a run alone. What they share are the weights: the nodes of all lanes that read the same weights run one after the
 * other, so that only the first of them reads those from memory, and the others from the processor's cache.
 */

/** How many texts a run has; the inputs of lanes that it does not use are not read. */
export const COUNT_INPUT = 'lanes'

/** Logits of the run's texts, one after the other. */
export const OUTPUT = 'lanes_logits'

/** The name that one of the model's inputs has in a lane, counted from 0. */
export function laneInput (name: string, lane: number): string {
  return `${name}@${lane}`
}

/** Bytes behind the file that `addLanes` needs at most: it is a copy of the graph, without weights, for each lane. */
export const LANES_ROOM = 16 * 2 ** 20

/** `SequenceConstruct`, `SequenceAt` and an `If` without a static shape came with it. */
const MIN_OPSET = 11

const FLOAT = 1
const INT64 = 7
const ATTRIBUTE_INT = 2
const ATTRIBUTE_GRAPH = 5

/** A field number that onnx.proto does not use in a graph: readers pass over it. */
const UNKNOWN_FIELD = 3

/** What quantizes an activation that is multiplied by weights. */
const QUANTIZE = 'DynamicQuantizeLinear'

/**
 * Changes an ONNX model in place into one with lanes and returns its bytes. Its weights stay where they are: its nodes, inputs
 * and outputs become fields that readers pass over, and those of the lanes come behind, where a protobuf reader merges them in.
 * @param memory begins with the file, and has LANES_ROOM bytes behind it
 * @param size of the file, in bytes
 * @throws {Error} with the reason why this model cannot have lanes; the file is unchanged then
 */
export function addLanes (memory: Uint8Array, size: number): Uint8Array {
  const file = readOnnxFile(memory.subarray(0, size))
  check(file)
  const graph = new LanesWriter(file).finish()
  if (graph.length > memory.length - size) throw new Error('its graph is too large')
  // Every one of these tags is one byte.
  for (const field of file.structure) field[0] = UNKNOWN_FIELD << 3 | WireType.LengthDelimited
  memory.set(graph, size)
  return memory.subarray(0, size + graph.length)
}

function check ({ opset, inputs, outputs, nodes, initializers }: OnnxFile): void {
  if (opset < MIN_OPSET) throw new Error(`its operators are of version ${opset}, and those of lanes of ${MIN_OPSET}`)
  if (outputs.length !== 1 || outputs[0]?.elementType !== FLOAT) throw new Error('it has more than one output, or one that is not float')
  const other = inputs.find(({ name, elementType, rank }) => initializers.has(name) || elementType !== INT64 || rank !== 2)
  if (other !== undefined) throw new Error(`its input ${other.name} is no list of numbers for each text`)
  // The runtime's fusions of float products depend on shapes that it does not know behind a sequence.
  if (!nodes.some(({ opType }) => opType === QUANTIZE)) throw new Error('its activations are not quantized dynamically')
}

class LanesWriter {
  readonly #file: OnnxFile
  readonly #inputs: ReadonlySet<string>
  readonly #writer = new BinaryWriter()

  constructor (file: OnnxFile) {
    this.#file = file
    this.#inputs = new Set(file.inputs.map(({ name }) => name))
  }

  finish (): Uint8Array {
    this.#message(MODEL.graph, () => {
      this.#int64('lanes_flat', -1, [1])
      this.#initializer('lanes_none', FLOAT, [0], new Uint8Array())
      for (let lane = 0; lane < MAX_LANES; lane++) this.#int64(`lanes_index_${lane}`, lane)
      for (const count of LANE_COUNTS) this.#whereCountIs(count)
      this.#node('Concat', LANE_COUNTS.map((count) => `lanes_logits_${count}`), [OUTPUT], () => this.#attribute('axis', 0))
      this.#value(GRAPH.input, { name: COUNT_INPUT, elementType: INT64, rank: 0 })
      for (let lane = 0; lane < MAX_LANES; lane++) {
        for (const input of this.#file.inputs) this.#value(GRAPH.input, { ...input, name: laneInput(input.name, lane) })
      }
      this.#value(GRAPH.output, { name: OUTPUT, elementType: FLOAT, rank: 1 })
    })
    return this.#writer.finish()
  }

  /** Logits of a run with `count` texts, or none where it has another number of them. */
  #whereCountIs (count: number): void {
    this.#int64(`lanes_count_${count}`, count)
    this.#node('Equal', [COUNT_INPUT, `lanes_count_${count}`], [`lanes_are_${count}`])
    this.#node('If', [`lanes_are_${count}`], [`lanes_logits_${count}`], () => {
      this.#branch('then_branch', `lanes_taken_${count}`, (result) => this.#lanes(count, result))
      this.#branch('else_branch', `lanes_skipped_${count}`, (result) => this.#node('Identity', ['lanes_none'], [result]))
    })
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

  /** The model's nodes for each of `count` lanes, and the logits in one row. */
  #lanes (count: number, result: string): void {
    const lanes = Array.from({ length: count }, (_, lane) => lane)
    const met = new Set<string>()
    const own = (name: string, lane: number): string => {
      if (name === '' || this.#file.initializers.has(name)) return name
      if (this.#inputs.has(name)) return laneInput(name, lane)
      return met.has(name) ? `${name}@${lane}/${count}/met` : `${name}@${lane}/${count}`
    }
    for (const node of this.#file.nodes) {
      const [operand] = node.inputs
      if (count > 1 && node.opType === QUANTIZE && operand !== undefined && !met.has(operand)) {
        const before = lanes.map((lane) => own(operand, lane))
        met.add(operand)
        this.#meet(before, lanes.map((lane) => own(operand, lane)), `${operand}@all/${count}`)
      }
      for (const lane of lanes) this.#copy(node, `@${lane}/${count}`, (name) => own(name, lane))
    }
    const logits = this.#file.outputs[0]?.name as string
    this.#node('Concat', lanes.map((lane) => own(logits, lane)), [`${result}/rows`], () => this.#attribute('axis', 0))
    this.#node('Reshape', [`${result}/rows`, 'lanes_flat'], [result])
  }

  /**
   * Lets no lane go on before all have come here: the runtime follows a lane as far as it can, and this makes what each reads
   * next depend on all. It changes no number.
   */
  #meet (before: string[], after: string[], sequence: string): void {
    this.#node('SequenceConstruct', before, [sequence])
    after.forEach((name, lane) => this.#node('SequenceAt', [sequence, `lanes_index_${lane}`], [name]))
  }

  #copy ({ name, inputs, outputs, rest }: OnnxNode, suffix: string, own: (name: string) => string): void {
    this.#message(GRAPH.node, () => {
      for (const input of inputs) this.#string(NODE.input, own(input))
      for (const output of outputs) this.#string(NODE.output, own(output))
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

  /** An input or output; its dimensions have names that no other has. */
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
