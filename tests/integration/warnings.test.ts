import { expect, it } from 'vitest'
import { predict, startApp } from '../support/app.ts'
import { scrape } from '../support/scrape.ts'

const KOREAN = '이 영화는 끔찍했다'
const WARNED = [KOREAN, '정말 최고였어요!', '너무 웃겨요 lol', '这部电影太糟糕了', 'この映画は最悪だった', 'Этот фильм ужасен', 'هذا الفيلم فظيع']
const PLAIN = ['Ce film était épouvantable', 'I met 김민준 at the concert and it was great']

it('warns of texts whose letters mostly belong to scripts that the model cannot read', async () => {
  const app = await startApp()
  const { predictions } = (await predict(app, { texts: [...WARNED, ...PLAIN] })).json<{ predictions: { warnings?: string[] }[] }>()
  expect(predictions.map(({ warnings }) => warnings)).toEqual([...WARNED.map(() => ['SCRIPT']), ...PLAIN.map(() => undefined)])
  expect((await predict(app, { text: `${KOREAN} 😍 https://example.org/watch?v=abc 2026`, sentences: true })).json()).toMatchObject({ warnings: ['SCRIPT'] })
  expect((await app.inject('/info')).json()).toMatchObject({ scripts: ['Latin'] })
})

it('rejects such texts on request: alone, in an inline batch and in a stream', async () => {
  const app = await startApp()
  expect((await predict(app, { text: KOREAN, unreadable: 'refuse' })).json()).toMatchObject({ status: 422, code: 'UNREADABLE' })
  expect((await predict(app, { texts: ['ok', KOREAN], unreadable: 'refuse' })).json()).toMatchObject({ status: 422, code: 'UNREADABLE' })
  expect((await predict(app, { text: `Hello. ${KOREAN}. More English words follow here.`, unreadable: 'refuse', sentences: true })).statusCode).toBe(200)
  expect((await predict(app, { texts: ['ok', KOREAN], unreadable: 'refuse', errors: 'inline' })).json())
    .toMatchObject({ failed: 1, predictions: [{ tokens: expect.any(Number) as number }, { error: { code: 'UNREADABLE', index: 1 } }] })
  const stream = await app.inject({
    method: 'POST', url: '/predict', headers: { 'content-type': 'application/x-ndjson' }, payload: `${JSON.stringify({ text: KOREAN, unreadable: 'refuse' })}\n${JSON.stringify(KOREAN)}\n`
  })
  expect(stream.body.trim().split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([{ code: 'UNREADABLE', line: 1 }, { warnings: ['SCRIPT'] }])
})

it('counts labels, scores and unreadable texts of every kind of request', async () => {
  const app = await startApp()
  const before = await scrape(app)
  expect(before.get('sentiment_predictions_total{label="neutral"}')).toBe(0)
  expect(before.get('sentiment_texts_unreadable_total')).toBe(0)
  const labels = new Map<string, number>()
  const count = (label: string): void => { labels.set(label, (labels.get(label) ?? 0) + 1) }
  count((await predict(app, { text: KOREAN })).json<{ label: string }>().label)
  for (const { label } of (await predict(app, { texts: ['good', 'bad', 'good'] })).json<{ predictions: { label: string }[] }>().predictions) count(label)
  for (const { label } of (await predict(app, { text: 'So good. So bad!', sentences: true })).json<{ sentences: { label: string }[] }>().sentences) count(label)
  for (const [best] of (await predict(app, { inputs: [['one'], ['two']] })).json<{ label: string }[][]>()) count((best as { label: string }).label)
  for (const [best] of (await app.inject({ method: 'POST', url: '/', payload: { inputs: ['three'] } })).json<{ label: string }[][]>()) count((best as { label: string }).label)
  const after = await scrape(app)
  for (const label of ['negative', 'neutral', 'positive']) expect(after.get(`sentiment_predictions_total{label="${label}"}`)).toBe(labels.get(label) ?? 0)
  expect(after.get('sentiment_prediction_score_count')).toBe(9)
  expect(after.get('sentiment_texts_unreadable_total')).toBe(1)
})
