import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { LoadFailedMessage, LoadMessage, ReadyMessage, RunMessage, RunResultMessage, TextResult } from '../../src/inference/protocol.ts'
import { ModelInstance } from '../../src/inference/model-instance.ts'
import { resolveModel, weightsFile } from '../../src/models/catalog.ts'
import { computeScores } from '../../src/prediction/answer.ts'
import { ARCHITECTURES, MAX_TOKENS, writeTinyModel, type Architecture, type TinyModel } from '../fixtures/tiny-models.ts'
import { BUILT_WORKER } from '../support/app.ts'
import { captureLogger } from '../support/capture-logger.ts'

const ort = createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node') as {
  InferenceSession: { create: (path: string) => Promise<{ inputNames: string[], run: (feeds: object) => Promise<Record<string, { data: ArrayLike<number> }>>, release: () => Promise<void> }> }
  Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => object
}

const LONG = 'good day '.repeat(40).trim()

/** Texts and their tokens, written down from the rules of each kind of tokenizer. The last one is truncated. */
type Texts = readonly (readonly [text: string, tokens: string])[]
const WORD_PIECE: Texts = [['good day!', 'good day !'], ['Bad service 🌞', 'bad ser ##vice [UNK]'], [LONG, 'good day '.repeat(11).trim()]]
const UNIGRAM: Texts = [['good day!', '▁good ▁day !'], ['bad  service 🌞', '▁bad ▁ser vice ▁ 🌞'], [LONG, '▁good ▁day '.repeat(11).trim()]]
const BYTE_LEVEL: Texts = [['good day!', 'good Ġday !'], ['good 🌞', 'good Ġ ð Ł Į ŀ'], [LONG, `good Ġday${' Ġgood Ġday'.repeat(10)}`]]
const TEXTS: Record<Architecture, Texts> = {
  bert: WORD_PIECE, distilbert: WORD_PIECE, roberta: BYTE_LEVEL, 'deberta-v2': UNIGRAM, mpnet: WORD_PIECE, 'xlm-roberta': UNIGRAM
}

const NAMES = ['toxic', 'Obscene', 'INSULT', 'threat', 'other']

let folder = ''
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'models-')) })
afterAll(() => rm(folder, { recursive: true }))

/** The service's worker thread, which loads one model after another. */
function startWorker () {
  const worker = new Worker(BUILT_WORKER)
  onTestFinished(async () => { await worker.terminate() })
  const send = async <T>(message: LoadMessage | RunMessage): Promise<T> => {
    worker.postMessage(message)
    return (await once(worker, 'message') as [T])[0]
  }
  return {
    load: (directory: string, dtype: TinyModel['dtype'], batching = true) => send<ReadyMessage | LoadFailedMessage>({ type: 'load', options: { directory, dtype, batching } }),
    run: async (texts: string[]) => (await send<RunResultMessage>({ type: 'run', texts })).outcomes as TextResult[]
  }
}

let count = 0
async function write (model: TinyModel): Promise<string> {
  const directory = join(folder, String(count++))
  await writeTinyModel(directory, model)
  return directory
}

function toIds (architecture: Architecture, tokens: string): number[] {
  const { vocabulary, config } = ARCHITECTURES[architecture].tokenizer
  const { cls_token: cls = '', sep_token: sep = '', unk_token: unk = '' } = config as Record<string, string>
  return [cls, ...tokens.split(' '), sep].map((token) => vocabulary.indexOf(vocabulary.includes(token) ? token : unk))
}

/** What ONNX Runtime alone computes for the ids, as numbers from 0 to 1. */
async function runPlainly (path: string, ids: readonly number[][], apply: 'softmax' | 'sigmoid', output: string): Promise<number[][]> {
  const session = await ort.InferenceSession.create(path)
  const results: number[][] = []
  for (const text of ids) {
    const tensor = (values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, text.length])
    const feeds = { input_ids: tensor(text), attention_mask: tensor(text.map(() => 1)), token_type_ids: tensor(text.map(() => 0)) }
    const { data } = (await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name as keyof typeof feeds]]))))[output] as { data: ArrayLike<number> }
    const logits = Array.from(data, data instanceof Uint16Array ? decodeHalf : Number)
    const powers = logits.map(Math.exp)
    const sum = powers.reduce((total, power) => total + power, 0)
    results.push(apply === 'softmax' ? powers.map((power) => power / sum) : logits.map((logit) => 1 / (1 + Math.exp(-logit))))
  }
  await session.release()
  return results
}

/** A normal or subnormal half-precision number from its bits. */
function decodeHalf (bits: number): number {
  const exponent = bits >> 10 & 31
  const fraction = (bits & 1023) / 1024
  return (bits & 0x8000 ? -1 : 1) * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15))
}

const architectures = Object.keys(ARCHITECTURES) as Architecture[]
const dtypes = ['fp32', 'fp16', 'q8'] as const

describe.each(architectures)('%s', (architecture) => {
  it.each(dtypes)(`computes the scores of a plain run of ONNX Runtime for ${architecture} with 1, 2, 3 and 5 labels, single- and multi-label, in %s`, async (dtype) => {
    const worker = startWorker()
    for (const labels of [1, 2, 3, 5]) {
      for (const multi of [false, true]) {
        const id2label = labels === 3 ? undefined : Object.fromEntries(NAMES.slice(0, labels).entries())
        const config = { ...(id2label && { id2label }), ...(multi ? { problem_type: 'multi_label_classification' } : labels !== 2 && { problem_type: 'single_label_classification' }) }
        const directory = await write({ architecture, labels, dtype, config })
        const scoreFunction = multi || labels === 1 ? 'sigmoid' : 'softmax'
        const ready = await worker.load(directory, dtype)
        expect(ready, `${labels} labels`).toMatchObject({
          type: 'ready',
          scoreFunction,
          maxTokens: MAX_TOKENS,
          maxTextsPerRun: dtype === 'q8' ? 4 : 1,
          labels: labels === 3 ? ['LABEL_0', 'LABEL_1', 'LABEL_2'] : NAMES.slice(0, labels)
        })
        const texts = TEXTS[architecture].map(([text]) => text)
        const ids = TEXTS[architecture].map(([, tokens]) => toIds(architecture, tokens))
        const results = await worker.run(texts)
        expect(results.map(({ tokens, truncated }) => truncated ? MAX_TOKENS : tokens)).toEqual(ids.map(({ length }) => length))
        const expected = await runPlainly(join(directory, weightsFile(dtype)), ids, scoreFunction, 'logits')
        for (const [index, { logits }] of results.entries()) {
          const scores = computeScores(logits, scoreFunction)
          expect(scores).toHaveLength(labels)
          for (const [label, score] of scores.entries()) {
            const difference = Math.abs(score - (expected[index]?.[label] as number))
            expect(difference, `${texts[index]}, label ${label} of ${labels}`).toBeLessThanOrEqual(1e-6)
          }
        }
      }
    }
  })
})

it.each([
  ['in lower case', ['NEGATIVE', 'Positive'], ['negative', 'positive']],
  ['in its own spelling if they differ in their case only', ['Positive', 'positive'], ['Positive', 'positive']]
])('names the labels of a model %s', async (_how, labels, expected) => {
  const directory = await write({ architecture: 'bert', labels: 2, dtype: 'q8', config: { id2label: Object.fromEntries(labels.entries()) } })
  const instance = await ModelInstance.start(
    { spec: resolveModel('test/model', 'main', 'q8'), directory, digest: '' },
    { workerUrl: BUILT_WORKER, workers: 1, queueLimit: 10, predictTimeoutMs: 60_000, logger: captureLogger() }
  )
  onTestFinished(() => instance.drain())
  expect(instance).toMatchObject({ labels: expected, modelLabels: labels })
})

it('takes the only output with float numbers, whatever its name', async () => {
  const directory = await write({ architecture: 'distilbert', labels: 2, dtype: 'fp32', output: 'output_0' })
  const { load, run } = startWorker()
  expect(await load(directory, 'fp32')).toMatchObject({ type: 'ready', labels: ['LABEL_0', 'LABEL_1'] })
  const [expected] = await runPlainly(join(directory, weightsFile('fp32')), [toIds('distilbert', 'good day !')], 'softmax', 'output_0')
  const [result] = await run(['good day!'])
  computeScores(result?.logits ?? new Float32Array(), 'softmax').forEach((score, label) => { expect(score).toBeCloseTo(expected?.[label] as number, 6) })
})

it.each<[string, Partial<TinyModel>, string]>([
  ['computes logits per token', { perToken: true }, 'does not have one number per text and label'],
  ['computes logits per token and declares no shape', { perToken: 'undeclared' }, 'does not have one number per text and label'],
  ['computes logits per token, quantized, and declares no shape', { perToken: 'undeclared', dtype: 'q8' }, 'does not have one number per text and label'],
  ['computes logits per token in half precision', { perToken: true, dtype: 'fp16' }, 'does not have one number per text and label'],
  ['declares another number of labels than it computes', { config: { id2label: { 0: 'a', 1: 'b', 2: 'c' } } }, 'declares 3 labels (id2label), but the model computes 2'],
  ['predicts a number', { config: { problem_type: 'regression' } }, 'declares the problem_type regression'],
  ['has another architecture than a text classifier', { config: { model_type: 'whisper' } }, 'whisper']
])('refuses a model that %s when it is loaded, with the reason', async (_what, model, reason) => {
  const { load } = startWorker()
  const complete = { architecture: 'mpnet', labels: 2, dtype: 'fp32', ...model } as const
  expect(await load(await write(complete), complete.dtype)).toEqual({ type: 'load-failed', reason: expect.stringContaining(reason) })
})
