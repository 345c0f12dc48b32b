import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isUnreadable as isUnreadableFor } from '../../../src/prediction/text.ts'

const isUnreadable = (text: string): boolean => isUnreadableFor(text, ['Latin'])

const UNREADABLE = [
  '이 영화는 끔찍했다', '정말 최고였어요!', 'ㅋㅋㅋ 너무 웃겨 lol', '这部电影太糟糕了', 'この映画は最悪だった', 'Этот фильм ужасен', 'هذا الفيلم فظيع'
]
const READABLE = ['Ce film était épouvantable', 'I met 김민준 at the concert and it was great', 'plain English', '😍😍😍', '12:30', 'ﬁne ½ naïve Straße']

it.each(UNREADABLE)('reports %s as unreadable for a model of Latin script', (text) => {
  expect(isUnreadable(text)).toBe(true)
})

it.each(READABLE)('reports %s as readable for a model of Latin script', (text) => {
  expect(isUnreadable(text)).toBe(false)
})

it('ignores emoji, links, user names and digits', () => {
  const addition = fc.constantFrom('😍', '🇫🇷', 'https://example.org/a-long-path?with=letters', 'http://t.co/AbC', 'www.example.org', '@someone', '2026', '٣٤')
  fc.assert(fc.property(fc.constantFrom(...UNREADABLE, ...READABLE), fc.array(addition, { maxLength: 10 }), (text, additions) => {
    expect(isUnreadable([...additions, text, ...additions].join(' '))).toBe(isUnreadable(text))
  }))
})

it('reports exactly half as readable', () => {
  expect(isUnreadable('영화 ab')).toBe(false)
  expect(isUnreadable('영화가 ab')).toBe(true)
})

it('reports every text as readable if the scripts of the model are unknown', () => {
  expect(isUnreadableFor('이 영화는 끔찍했다', undefined)).toBe(false)
})
