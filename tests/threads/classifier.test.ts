import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { expect, it, onTestFinished } from 'vitest'
import { Classifier } from '../../src/inference/classifier.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'

const { onnx } = onnxProto

/** The fixture model with one more input, which nothing reads. */
async function modelWithInput (name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'classifier-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await cp(TINY_ROBERTA, directory, { recursive: true })
  const file = join(directory, 'onnx/model_quantized.onnx')
  const model = onnx.ModelProto.decode(await readFile(file))
  const [ids] = model.graph?.input ?? []
  model.graph?.input?.push(onnx.ValueInfoProto.create({ name, type: ids?.type ?? null }))
  await writeFile(file, onnx.ModelProto.encode(model).finish())
  return directory
}

it('gives a model that distinguishes two texts one text', async () => {
  const plain = await Classifier.load({ directory: TINY_ROBERTA, dtype: 'q8' })
  const paired = await Classifier.load({ directory: await modelWithInput('token_type_ids'), dtype: 'q8' })
  const { logits, tokens } = await plain.classify('the same text')
  expect(await paired.classify('the same text')).toMatchObject({ logits, tokens, truncated: false })
})

it('refuses a model that takes something else than a text', async () => {
  await expect(Classifier.load({ directory: await modelWithInput('pixel_values'), dtype: 'q8' }))
    .rejects.toThrow('The model takes pixel_values beside a text')
})
