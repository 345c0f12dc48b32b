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

/** Writes a changed copy of the fixture model. */
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

const load = (directory: string, batching: boolean): Promise<Classifier> => Classifier.load({ directory, dtype: 'q8', batching })

/** What a text's answer is made of, without times. */
const answers = (results: Awaited<ReturnType<Classifier['classify']>>) =>
  results.map(({ logits, tokens, truncated }) => ({ logits: [...logits], tokens, truncated }))

it.each([false, true])('passes one text to a model that distinguishes two (batching: %s)', async (batching) => {
  const plain = await load(TINY_ROBERTA, false)
  const paired = await load(await modelWithInput('token_type_ids'), batching)
  expect(answers(await paired.classify(['the same text']))).toEqual(answers(await plain.classify(['the same text'])))
})

it.each([false, true])('refuses a model that needs more than a text (batching: %s)', async (batching) => {
  await expect(load(await modelWithInput('pixel_values'), batching)).rejects.toThrow('The model has the input pixel_values beside the text')
})

describe('an unpadded batch', () => {
  it.each([['tiny', TINY_ROBERTA], ['compact', COMPACT]])('computes for each text exactly what a run of that text alone computes: %s', async (_, directory) => {
    const plain = await load(directory, false)
    const batching = await load(directory, true)
    expect(batching).toMatchObject({ maxTextsPerRun: 4, batchingDisabledReason: undefined })
    const alone = (await Promise.all(TEXTS.map((text) => plain.classify([text])))).flatMap(answers)
    expect(new Set(alone.map(({ logits }) => logits.join())).size).toBe(TEXTS.length)
    for (const count of [1, 2, 3, 4]) {
      for (let first = 0; first < TEXTS.length; first += count) {
        expect(answers(await batching.classify(TEXTS.slice(first, first + count)))).toEqual(alone.slice(first, first + count))
      }
    }
  })

  it('is disabled for a model whose numbers are floats', async () => {
    const directory = await changedModel(() => {})
    await rename(join(directory, 'onnx/model_quantized.onnx'), join(directory, 'onnx/model.onnx'))
    expect(await Classifier.load({ directory, dtype: 'fp32', batching: true })).toMatchObject({ maxTextsPerRun: 1, batchingDisabledReason: expect.stringContaining('it is fp32') })
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
    ['numbers that change', 'its numbers in a batch differ from those of a run alone', (graph) => {
      const last = graph.node.find(({ output }) => output?.[0] === 'logits')
      if (last) last.output = ['before']
      const random = node('RandomNormalLike', ['before'], 'random')
      graph.node.push(random, node('Add', ['before', 'random'], 'logits'))
    }]
  ])('is disabled for a model with %s, with the reason', async (_, reason, change) => {
    const classifier = await load(await changedModel(change), true)
    expect(classifier).toMatchObject({ maxTextsPerRun: 1, batchingDisabledReason: expect.stringContaining(reason) })
    await expect(classifier.classify(['one', 'two'])).rejects.toThrow('one text at a time')
    expect(await classifier.classify(['one'])).toHaveLength(1)
  })
})
