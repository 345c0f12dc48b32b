import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import onnxProto from 'onnx-proto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Classifier } from '../../src/inference/classifier.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'

const { onnx } = onnxProto
const COMPACT = fileURLToPath(new URL('../../models/compact', import.meta.url))
const TEXTS = ['the same text', 'Good morning! 🌞', 'I have never been so disappointed by a phone, a shop and a bank in one and the same week :(', 'ok']

type Model = InstanceType<typeof onnx.ModelProto>
type Filled<T> = { [Key in keyof T]-?: NonNullable<T[Key]> }
type Graph = Filled<NonNullable<Model['graph']>>

const node = (opType: string, input: string[], output: string) => onnx.NodeProto.create({ opType, input, output: [output] })

/** A graph that gives every text the same logits. */
function constantLogits (graph: Graph): void {
  graph.initializer.push(onnx.TensorProto.create({ name: 'constant', dataType: 1, dims: [1, 3], floatData: [3, 2, 1] }))
  graph.node.splice(0, graph.node.length, node('Identity', ['constant'], 'logits'))
}

/** The fixture model, changed. */
async function changedModel (change: (graph: Graph, model: Model) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'classifier-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await cp(TINY_ROBERTA, directory, { recursive: true })
  const file = join(directory, 'onnx/model_quantized.onnx')
  const model = onnx.ModelProto.decode(await readFile(file))
  change(model.graph as Graph, model)
  await writeFile(file, onnx.ModelProto.encode(model).finish())
  return directory
}

/** The fixture model with one more input, which nothing reads. */
const modelWithInput = (name: string): Promise<string> => changedModel((graph) => {
  graph.input.push(onnx.ValueInfoProto.create({ ...graph.input[0], name }))
})

const load = (directory: string, lanes: boolean): Promise<Classifier> => Classifier.load({ directory, dtype: 'q8', lanes })

/** What a text's answer is made of, without its times. */
const answers = (results: Awaited<ReturnType<Classifier['classify']>>) =>
  results.map(({ logits, tokens, truncated }) => ({ logits: [...logits], tokens, truncated }))

it.each([false, true])('gives a model that distinguishes two texts one text (lanes: %s)', async (lanes) => {
  const plain = await load(TINY_ROBERTA, false)
  const paired = await load(await modelWithInput('token_type_ids'), lanes)
  expect(answers(await paired.classify(['the same text']))).toEqual(answers(await plain.classify(['the same text'])))
})

it.each([false, true])('refuses a model that takes something else than a text (lanes: %s)', async (lanes) => {
  await expect(load(await modelWithInput('pixel_values'), lanes)).rejects.toThrow('The model takes pixel_values beside a text')
})

describe('a run of several texts', () => {
  it.each([['tiny', TINY_ROBERTA], ['compact', COMPACT]])('gives each the answer that it has alone, to the bit: %s', async (_, directory) => {
    const plain = await load(directory, false)
    const lanes = await load(directory, true)
    expect(lanes).toMatchObject({ lanes: 4, lanesProblem: undefined })
    const alone = (await Promise.all(TEXTS.map((text) => plain.classify([text])))).flatMap(answers)
    expect(new Set(alone.map(({ logits }) => logits.join())).size).toBe(TEXTS.length)
    for (const count of [1, 2, 4]) {
      for (let first = 0; first < TEXTS.length; first += count) {
        expect(answers(await lanes.classify(TEXTS.slice(first, first + count)))).toEqual(alone.slice(first, first + count))
      }
    }
  })

  it('is not for a model whose numbers are floats, which says so', async () => {
    const directory = await changedModel(() => {})
    await rename(join(directory, 'onnx/model_quantized.onnx'), join(directory, 'onnx/model.onnx'))
    expect(await Classifier.load({ directory, dtype: 'fp32', lanes: true })).toMatchObject({ lanes: 1, lanesProblem: expect.stringContaining('it is fp32') })
  })

  it.each<[string, string, (graph: Graph, model: Model) => void]>([
    ['older operators', 'its operators are of version 10', (graph, { opsetImport: [standard] }) => {
      constantLogits(graph)
      if (standard) standard.version = 10
    }],
    ['two outputs', 'more than one output', (graph) => {
      graph.node.push(node('Identity', ['logits'], 'more'))
      graph.output.push(onnx.ValueInfoProto.create({ ...graph.output[0], name: 'more' }))
    }],
    ['float activations', 'its activations are not quantized dynamically', constantLogits],
    ['numbers that change', 'with 2 lanes it gives other numbers than with one', (graph) => {
      const last = graph.node.find(({ output }) => output?.[0] === 'logits')
      if (last) last.output = ['before']
      const random = node('RandomNormalLike', ['before'], 'random')
      graph.node.push(random, node('Add', ['before', 'random'], 'logits'))
    }]
  ])('is not for a model with %s, which says why', async (_, reason, change) => {
    const classifier = await load(await changedModel(change), true)
    expect(classifier).toMatchObject({ lanes: 1, lanesProblem: expect.stringContaining(reason) })
    await expect(classifier.classify(['one', 'two'])).rejects.toThrow('one text at a time')
    expect(await classifier.classify(['one'])).toHaveLength(1)
  })
})
