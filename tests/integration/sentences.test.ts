import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DocumentAnswer } from '../../src/prediction/document.ts'
import { predict, startApp } from '../support/app.ts'

const REVIEW = 'The food was great! The waiter was rude... We waited an hour. 😍'

it('answers each sentence with the scores that it has if sent alone', async () => {
  const app = await startApp({ env: { MAX_BATCH_SIZE: '128' } })
  const words = fc.constantFrom('Good', 'bad', 'food', '!', '.', '?', '...', ' ', '  ', '\n', '"', '😍', 'é', '한국', '7', '\u3164', '\u20E3')
  const text = fc.array(words, { minLength: 1, maxLength: 30 }).map((parts) => parts.join('')).filter((value) => /[a-zé한7]/i.test(value))
  await fc.assert(fc.asyncProperty(text, async (document) => {
    const response = await predict(app, { text: document, sentences: true })
    expect(response.statusCode, response.body).toBe(200)
    const { sentences } = response.json<DocumentAnswer>()
    let end = 0
    for (const { offset, length, ...sentence } of sentences) {
      expect(offset).toBeGreaterThanOrEqual(end)
      end = offset + length
      const { label, score, scores, truncated } = (await predict(app, { text: document.slice(offset, end) })).json<DocumentAnswer>()
      expect(sentence).toEqual({ label, score, scores, truncated })
    }
  }), { numRuns: 30 })
})

it('averages the scores of the sentences by tokens, and adds their tokens', async () => {
  const app = await startApp()
  const answer = (await predict(app, { text: REVIEW, sentences: true })).json<DocumentAnswer>()
  expect(answer.sentences.map(({ offset, length }) => REVIEW.slice(offset, offset + length)))
    .toEqual(['The food was great!', 'The waiter was rude...', 'We waited an hour.', '😍'])
  const alone = await Promise.all(answer.sentences.map(async ({ offset, length }) =>
    (await predict(app, { text: REVIEW.slice(offset, offset + length) })).json<DocumentAnswer>()))
  const tokens = alone.reduce((sum, item) => sum + item.tokens, 0)
  expect(answer.tokens).toBe(tokens)
  for (const label of Object.keys(answer.scores)) {
    const mean = alone.reduce((sum, item) => sum + (item.scores[label] as number) * item.tokens, 0) / tokens
    expect(answer.scores[label]).toBeCloseTo(mean, 6)
  }
  expect(answer.score).toBe(Math.max(...Object.values(answer.scores)))
  expect(answer.scores[answer.label]).toBe(answer.score)
})

it('answers a text of one sentence with the same fields as without sentences', async () => {
  const app = await startApp()
  const { cached: _cached, ...plain } = (await predict(app, { text: 'I love this' })).json<DocumentAnswer>()
  const { sentences, mixed, cached, ...document } = (await predict(app, { text: 'I love this', sentences: true })).json<DocumentAnswer>()
  expect(document).toEqual(plain)
  expect(cached).toBe(true)
  expect(mixed).toBe(false)
  expect(sentences).toMatchObject([{ offset: 0, length: 11 }])
})

it('reads a text beyond the token limit completely, and answers the same text from the cache afterwards', async () => {
  const app = await startApp()
  const text = Array.from({ length: 120 }, (_, index) => `Sentence number ${index} of a long review states that all is well.`).join(' ').slice(0, 10_000)
  const plain = (await predict(app, { text })).json<DocumentAnswer>()
  expect(plain.truncated).toBe(true)
  const first = (await predict(app, { text, sentences: true })).json<DocumentAnswer>()
  expect(first).toMatchObject({ truncated: false, cached: false })
  expect(first.tokens).toBeGreaterThan(plain.tokens)
  const second = (await predict(app, { text, sentences: true })).json<DocumentAnswer>()
  expect(second).toEqual({ ...first, cached: true })
})

it('rejects more sentences than MAX_BATCH_SIZE, and a blank text', async () => {
  const app = await startApp({ env: { MAX_BATCH_SIZE: '3' } })
  const tooMany = await predict(app, { text: 'One. Two. Three. Four.', sentences: true })
  expect(tooMany.json()).toMatchObject({ status: 422, code: 'BATCH_SIZE', detail: 'The text has 4 sentences; at most 3 are allowed' })
  expect((await predict(app, { text: ' \u200B', sentences: true })).json()).toMatchObject({ status: 422, code: 'EMPTY_TEXT' })
})
