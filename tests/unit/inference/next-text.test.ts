import { beforeEach, describe, expect, it } from 'vitest'
import { closeSeat, hasNextText, NextText, takeNextText } from '../../../src/inference/next-text.ts'

let next: NextText

beforeEach(() => { next = new NextText() })

describe('NextText', () => {
  it.each(['a tweet', '', 'naïve 🙂 日本', 'half a pair: \ud83d', 'x'.repeat(4096)])('is taken as it was put there (%#)', (text) => {
    const seat = next.seat()
    expect(next.put(text)).toBe(true)
    expect(takeNextText(seat)).toBe(text)
  })

  it('is taken once', () => {
    const [first, second] = [next.seat(), next.seat()]
    next.put('text')
    expect([takeNextText(second), takeNextText(first)]).toEqual(['text', undefined])
    expect([hasNextText(first), hasNextText(second)]).toEqual([false, true])
  })

  it('is not taken once it was taken away', () => {
    const seat = next.seat()
    next.put('text')
    expect(next.withdraw()).toBe(true)
    expect(takeNextText(seat)).toBeUndefined()
  })

  it('is the one that was put there last', () => {
    const seat = next.seat()
    next.put('a longer one')
    next.put('another')
    expect(takeNextText(seat)).toBe('another')
  })

  it('stays what was taken until its worker has said so', () => {
    const seat = next.seat()
    next.put('taken')
    takeNextText(seat)
    expect([next.put('later'), next.withdraw()]).toEqual([false, false])
    next.release()
    expect(next.put('later')).toBe(true)
    expect(takeNextText(seat)).toBe('later')
  })

  it('is none where a text is too long to lie there', () => {
    const seat = next.seat()
    next.put('text')
    expect(next.put('x'.repeat(4097))).toBe(true)
    expect(takeNextText(seat)).toBeUndefined()
  })

  it('is not for a worker that was given up', () => {
    const [lost, replacement] = [next.seat(), next.seat()]
    closeSeat(lost)
    next.put('text')
    expect([takeNextText(lost), takeNextText(replacement)]).toEqual([undefined, 'text'])
  })
})
