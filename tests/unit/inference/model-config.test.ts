import { describe, expect, it } from 'vitest'
import { readLabels, readScoreFunction, readTokenLimit } from '../../../src/inference/model-config.ts'
import { selectOutput, toFloat32 } from '../../../src/inference/onnx-runtime.ts'

describe('readLabels', () => {
  it('reads the labels by class index, in the model\'s own spelling', () => {
    expect(readLabels({ id2label: { 2: 'Positive', 0: 'NEGATIVE', 1: 'neutral' } }, 3)).toEqual(['NEGATIVE', 'neutral', 'Positive'])
  })

  it.each([1, 2, 5])('names %i labels as transformers does if the model declares none', (count) => {
    expect(readLabels({}, count)).toEqual(Array.from({ length: count }, (_, index) => `LABEL_${index}`))
  })

  it('rejects a model that declares another number of labels than it computes', () => {
    expect(() => readLabels({ id2label: { 0: 'a', 1: 'b' } }, 3)).toThrow('declares 2 labels (id2label), but the model computes 3')
  })

  it('accepts names that are numbers, as a list or an object', () => {
    expect(readLabels({ id2label: { 0: 1, 1: 2 } }, 2)).toEqual(['1', '2'])
    expect(readLabels({ id2label: ['bad', 'good'] as unknown as Record<string, string> }, 2)).toEqual(['bad', 'good'])
    expect(readLabels({ id2label: null }, 2)).toEqual(['LABEL_0', 'LABEL_1'])
  })

  it.each([
    ['indices that start at 1', { 1: 'bad', 2: 'good' }, 'label 0'],
    ['a gap in the indices', { 0: 'bad', 2: 'good' }, 'label 1'],
    ['keys that are no indices', { LABEL_0: 'bad', LABEL_1: 'good' }, 'label 0'],
    ['a name that is null', { 0: 'bad', 1: null }, 'label 1'],
    ['a blank name', { 0: 'bad', 1: ' ' }, 'label 1'],
    ['the name of an object\'s prototype', { 0: '__proto__', 1: 'good' }, 'label 0'],
    ['the same name twice', { 0: 'good', 1: 'good' }, 'the name "good"']
  ])('rejects %s', (_what, id2label, named) => {
    expect(() => readLabels({ id2label }, 2)).toThrow(named)
  })
})

describe('readScoreFunction', () => {
  it.each([
    [undefined, 3, 'softmax'], [undefined, 2, 'softmax'], [undefined, 1, 'sigmoid'], [null, 3, 'softmax'],
    ['single_label_classification', 2, 'softmax'], ['single_label_classification', 1, 'sigmoid'],
    ['multi_label_classification', 1, 'sigmoid'], ['multi_label_classification', 5, 'sigmoid']
  ])('with the problem_type %s and %i labels is %s', (type, count, expected) => {
    expect(readScoreFunction(type === undefined ? {} : { problem_type: type }, count)).toBe(expected)
  })

  it('rejects a model that predicts a number', () => {
    expect(() => readScoreFunction({ problem_type: 'regression' }, 1)).toThrow('declares the problem_type regression')
  })
})

describe('readTokenLimit', () => {
  it.each([
    ['roberta', 514, 512], ['xlm-roberta', 514, 512], ['mpnet', 514, 512], ['data2vec-text', 514, 512], ['longformer', 4098, 4096],
    ['bert', 512, 512], ['distilbert', 512, 512], ['deberta-v2', 512, 512]
  ])('of a %s model with %i positions is %i', (type, positions, expected) => {
    expect(readTokenLimit({ model_type: type, max_position_embeddings: positions, pad_token_id: 1 })).toBe(expected)
  })

  it('is that of the tokenizer if it is smaller, and 512 if nothing declares one', () => {
    expect(readTokenLimit({ model_type: 'bert', max_position_embeddings: 512 }, 128)).toBe(128)
    expect(readTokenLimit({ model_type: 'deberta-v2', max_position_embeddings: -1 }, 128)).toBe(128)
    expect(readTokenLimit({ model_type: 'bert', max_position_embeddings: 256 }, -1)).toBe(256)
    expect(readTokenLimit({}, 1e30)).toBe(512)
    expect(readTokenLimit({})).toBe(512)
  })
})

describe('selectOutput', () => {
  const output = (name: string, type = 'float32', shape: (string | number)[] = ['batch', 3]) => ({ name, isTensor: true, type, shape })

  it('is the output called logits, or the only one with float numbers', () => {
    expect(selectOutput([output('hidden'), output('logits', 'float16')])).toBe('logits')
    expect(selectOutput([output('output_0')])).toBe('output_0')
    expect(selectOutput([output('ids', 'int64'), output('output_1')])).toBe('output_1')
  })

  it.each([
    ['several float outputs', [output('a'), output('b')], 'a (float32), b (float32)'],
    ['no float output', [output('logits', 'int64')], 'logits (int64)'],
    ['numbers per token', [output('logits', 'float32', ['batch', 'sequence', 3])], 'not a text classifier']
  ])('refuses a model with %s', (_, outputs, reason) => {
    expect(() => selectOutput(outputs)).toThrow(reason)
  })
})

describe('toFloat32', () => {
  it('decodes half precision from its bits', () => {
    const halves: [number, number][] = [[0x0000, 0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125], [0x7bff, 65504], [0x0001, 2 ** -24], [0xfc00, -Infinity]]
    expect([...toFloat32({ data: Uint16Array.from(halves, ([bits]) => bits) })]).toEqual(halves.map(([, value]) => value))
  })
})
