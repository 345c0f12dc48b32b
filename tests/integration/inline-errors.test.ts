import fc from 'fast-check'
import { expect, it } from 'vitest'
import { predict, startApp } from '../support/app.ts'

interface InlineBody {
  predictions: ({ label: string, scores: object } | { error: { code: string, index: number } })[]
  failed: number
  model: string
}

const CODES = [
  ['', 'EMPTY_TEXT'], ['\u200B \uFE0F', 'EMPTY_TEXT'], ['x'.repeat(101), 'TEXT_TOO_LONG'], [7, 'VALIDATION'], [null, 'VALIDATION'], [['nested'], 'VALIDATION']
] as const

it('replaces each invalid text by an error, and answers the others as if they had been sent alone', async () => {
  const app = await startApp({ env: { MAX_TEXT_LENGTH: '100' } })
  const alone = new Map<string, object>()
  const item = fc.oneof(fc.constantFrom(...CODES), fc.constantFrom('good', 'bad film', 'ok', '한국').map((text) => [text, undefined] as const))
  await fc.assert(fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 20 }), async (items) => {
    const response = await predict(app, { texts: items.map(([text]) => text), errors: 'inline' })
    expect(response.statusCode, response.body).toBe(200)
    const { predictions, failed, model } = response.json<InlineBody>()
    expect(predictions).toHaveLength(items.length)
    expect(model).toBe('compact')
    expect(failed).toBe(items.filter(([, code]) => code !== undefined).length)
    for (const [index, [text, code]] of items.entries()) {
      const prediction = predictions[index] as InlineBody['predictions'][number]
      if (code !== undefined) {
        expect(prediction).toMatchObject({ error: { code, index, status: code === 'VALIDATION' ? 400 : 422, title: expect.any(String) as string, detail: expect.any(String) as string } })
        continue
      }
      const known = alone.get(text as string) ?? (await predict(app, { text })).json<object>()
      alone.set(text as string, known)
      expect({ ...prediction, cached: true }).toEqual({ ...known, cached: true })
    }
  }), { numRuns: 30 })
})

it('answers an error for a text beyond the token limit if truncate is false', async () => {
  const app = await startApp()
  const { predictions, failed } = (await predict(app, { texts: ['ok', 'long '.repeat(1500)], errors: 'inline', truncate: false })).json<InlineBody>()
  expect(predictions).toMatchObject([{ tokens: expect.any(Number) as number }, { error: { code: 'TEXT_TOO_LONG', index: 1 } }])
  expect(failed).toBe(1)
})

it('still fails the whole request if its size is wrong or the option is unknown', async () => {
  const app = await startApp({ env: { MAX_BATCH_SIZE: '2' } })
  expect((await predict(app, { texts: ['a', 'b', 'c'], errors: 'inline' })).json()).toMatchObject({ status: 422, code: 'BATCH_SIZE' })
  expect((await predict(app, { texts: [], errors: 'inline' })).json()).toMatchObject({ status: 422, code: 'BATCH_SIZE' })
  expect((await predict(app, { texts: ['a'], errors: 'ignore' })).json()).toMatchObject({ status: 400, code: 'VALIDATION', detail: 'errors must be "fail" or "inline"' })
  expect((await predict(app, { text: 'a', errors: 'inline' })).json()).toMatchObject({ status: 400, code: 'VALIDATION' })
})

it('fails the whole batch at the first invalid text by default', async () => {
  const app = await startApp()
  expect((await predict(app, { texts: ['ok', ''] })).json()).toMatchObject({ status: 422, code: 'EMPTY_TEXT' })
  expect((await predict(app, { texts: ['ok', 7] })).json()).toMatchObject({ status: 400, code: 'VALIDATION' })
})
