import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankedScores, toSentimentAnswer } from '../../../src/prediction/answer.ts'
import { computeScores } from '../../../src/prediction/answer.ts'

const logits = fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 8 })

describe('computeScores', () => {
  it('returns the softmax of known logits', () => {
    expect(computeScores(Float32Array.of(0, Math.log(3), 0))).toEqual([0.2, 0.6, 0.2])
  })

  it('sums to 1 within 1e-3 and keeps the order of the logits', () => {
    fc.assert(fc.property(logits, (values) => {
      const scores = computeScores(Float32Array.from(values))
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 3)
      const largest = values.indexOf(Math.max(...values))
      expect(scores[largest]).toBe(Math.max(...scores))
    }))
  })

  it('does not overflow on huge logits', () => {
    expect(computeScores(Float32Array.of(1000, 0))).toEqual([1, 0])
  })

  it('returns sigmoids and raw logits on request', () => {
    expect(computeScores(Float32Array.of(0, 100), 'sigmoid')).toEqual([0.5, 1])
    expect(computeScores(Float32Array.of(-1.5, 2.5), 'none')).toEqual([-1.5, 2.5])
  })
})

describe('answers', () => {
  const labels = ['negative', 'neutral', 'positive']
  const classification = { logits: Float32Array.of(-1, 0, 4), tokens: 5, truncated: false }

  it('rank every label, best first', () => {
    expect(rankedScores(classification.logits, labels).map(({ label }) => label)).toEqual(['positive', 'neutral', 'negative'])
  })

  it('name the best label and repeat its score', () => {
    const answer = toSentimentAnswer({ classification, cached: true, unreadable: false }, { labels, modelLabels: labels, scoreFunction: 'softmax', model: 'm', maxTokens: 512 })
    expect(answer).toMatchObject({ label: 'positive', model: 'm', cached: true, truncated: false })
    expect(answer.score).toBe(answer.scores.positive)
  })
})
