import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { preprocess } from '../../../src/prediction/text.ts'

describe('preprocess', () => {
  it.each([
    ['@jane you are great', '@user you are great'],
    ['see https://example.org/x now', 'see http now'],
    ['httpfoo', 'http'],
    ['@', '@'],
    ['a@b.c', 'a@b.c'],
    ['(@jane)', '(@jane)'],
    ['two  spaces @x', 'two  spaces @user'],
    ['line\n@jane', 'line\n@jane'],
    ['', '']
  ])('turns %j into %j', (text, expected) => {
    expect(preprocess(text)).toBe(expected)
  })

  it('does not change a text that is already preprocessed', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      expect(preprocess(preprocess(text))).toBe(preprocess(text))
    }))
  })
})
