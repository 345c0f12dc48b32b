import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averageScores, isMixed, splitSentences } from '../../../src/prediction/document.ts'

const split = (text: string): string[] => splitSentences(text).map(({ offset, length }) => text.slice(offset, offset + length))

describe('splitSentences', () => {
  it('splits prose into sentences without the white space between them', () => {
    expect(split('I love it.  But the food was bad! Would I return?\nNo')).toEqual(['I love it.', 'But the food was bad!', 'Would I return?', 'No'])
  })

  it('keeps an emoji as a sentence of its own', () => {
    expect(split('The film ended. 😍')).toEqual(['The film ended.', '😍'])
  })

  it.each([
    ['Well. ... OK', ['Well. ...', 'OK']],
    ['!!! Hello', ['!!! Hello']],
    ['...\n...\nNo way.', ['...\n...\nNo way.']],
    ['Yes.\n\n---\n\nNo.', ['Yes.\n\n---', 'No.']],
    ['Great! \u3164', ['Great! \u3164']],
    ['Great!\n\uFFA0\nNo.', ['Great!\n\uFFA0', 'No.']],
    ['Great!\n\u20E3', ['Great!\n\u20E3']]
  ])('joins a piece without visible letter, digit or emoji to its neighbour: %j', (text, sentences) => {
    expect(split(text)).toEqual(sentences)
  })

  it('returns offsets in UTF-16 code units', () => {
    expect(splitSentences('😍😍. Nice.')).toEqual([{ offset: 0, length: 5 }, { offset: 6, length: 5 }])
  })

  it('covers every character but white space of any text, in order and without overlap', () => {
    const pieces = fc.constantFrom('.', '!', '?', ' ', '\n', '\r\n', '"', '…', 'word', 'Mr', '7', '😍', '🇫🇷', '\u200D', '\uD800', 'é', '영화')
    fc.assert(fc.property(fc.oneof(fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')), fc.string({ unit: 'binary' })), (text) => {
      let end = 0
      for (const { offset, length } of splitSentences(text)) {
        expect(text.slice(end, offset).trim()).toBe('')
        expect(offset).toBeGreaterThanOrEqual(end)
        end = offset + length
      }
      expect(text.slice(end).trim()).toBe('')
    }))
  })
})

describe('averageScores', () => {
  it('weighs each sentence by its tokens', () => {
    expect(averageScores([{ scores: [0.9, 0.1, 0], tokens: 10 }, { scores: [0, 0.1, 0.9], tokens: 30 }])).toEqual([0.225, 0.1, 0.675])
  })

  it('returns the scores of a single sentence unchanged', () => {
    expect(averageScores([{ scores: [0.056233, 0.011364, 0.932403], tokens: 7 }])).toEqual([0.056233, 0.011364, 0.932403])
  })
})

describe('isMixed', () => {
  const positive = { label: 'positive', score: 0.5 }
  const negative = { label: 'negative', score: 0.7 }

  it('is true for a positive and a negative sentence that both score 0.5 or more', () => {
    expect(isMixed([positive, { label: 'neutral', score: 0.9 }, negative])).toBe(true)
  })

  it('is false if one of the two is less certain, or missing', () => {
    expect(isMixed([positive, { ...negative, score: 0.499 }])).toBe(false)
    expect(isMixed([positive, positive])).toBe(false)
  })
})
