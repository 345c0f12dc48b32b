import { beforeEach, describe, expect, it } from 'vitest'
import { closeSeat, hasNextRun, NextRun, openSeat, takeNextRun } from '../../../src/inference/next-run.ts'

let next: NextRun

beforeEach(() => { next = new NextRun() })

describe('NextRun', () => {
  it.each(['a tweet', '', 'naïve 🙂 日本', 'half a pair: \ud83d', 'x'.repeat(4096)])('is taken as it was put there (%#)', (text) => {
    const seat = next.seat()
    expect(next.put([text])).toBe(true)
    expect(takeNextRun(seat)).toEqual([text])
  })

  it('holds the texts of one run in their order', () => {
    const seat = next.seat()
    const texts = ['naïve 🙂', '', 'x'.repeat(2000), 'the last']
    next.put(texts)
    expect(takeNextRun(seat)).toEqual(texts)
  })

  it('is taken once', () => {
    const [first, second] = [next.seat(), next.seat()]
    next.put(['text'])
    expect([takeNextRun(second), takeNextRun(first)]).toEqual([['text'], undefined])
    expect([hasNextRun(first), hasNextRun(second)]).toEqual([false, true])
  })

  it('is not taken once it was taken away', () => {
    const seat = next.seat()
    next.put(['text'])
    expect(next.withdraw()).toBe(true)
    expect(takeNextRun(seat)).toBeUndefined()
  })

  it('is the one that was put there last', () => {
    const seat = next.seat()
    next.put(['a longer one'])
    next.put(['another'])
    expect(takeNextRun(seat)).toEqual(['another'])
  })

  it('stays what was taken until its worker has said so', () => {
    const seat = next.seat()
    next.put(['taken'])
    takeNextRun(seat)
    expect([next.put(['later']), next.withdraw()]).toEqual([false, false])
    next.release()
    expect(next.put(['later'])).toBe(true)
    expect(takeNextRun(seat)).toEqual(['later'])
  })

  it('is none where a text is too long to lie there', () => {
    const seat = next.seat()
    next.put(['text'])
    expect(next.put(['x'.repeat(4097)])).toBe(true)
    expect(takeNextRun(seat)).toBeUndefined()
  })

  it('is not for a worker that was given up', () => {
    const [lost, replacement] = [next.seat(), next.seat()]
    closeSeat(lost)
    next.put(['text'])
    expect([takeNextRun(lost), takeNextRun(replacement)]).toEqual([undefined, ['text']])
  })

  it('is for a worker again that was let in again', () => {
    const seat = next.seat()
    closeSeat(seat)
    next.put(['text'])
    expect(takeNextRun(seat)).toBeUndefined()
    openSeat(seat)
    expect(takeNextRun(seat)).toEqual(['text'])
  })
})
