import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ResultCoalescer } from '../../../src/inference/result-coalescer.ts'

describe('ResultCoalescer', () => {
  let left: string[]
  let coalescer: ResultCoalescer

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    left = []
    coalescer = new ResultCoalescer()
  })
  afterEach(() => { vi.useRealTimers() })

  const keep = (name: string, queueMs: number): void => coalescer.keep(() => { left.push(name) }, queueMs)

  it('lets a result leave at once whose text did not wait', () => {
    keep('a', 0)
    coalescer.expectNext(12)
    expect(left).toEqual(['a'])
  })

  it('keeps results until the next would come too late for the first, and lets them leave in order', () => {
    for (const name of ['a', 'b']) {
      keep(name, 90)
      coalescer.expectNext(12)
      expect(left).toEqual([])
      vi.advanceTimersByTime(12)
    }
    keep('c', 90)
    coalescer.expectNext(12)
    expect(left).toEqual(['a', 'b', 'c'])
  })

  it('lets all leave with one whose text waited less', () => {
    keep('a', 90)
    coalescer.expectNext(12)
    keep('b', 10)
    coalescer.expectNext(12)
    expect(left).toEqual(['a', 'b'])
  })

  it('lets all leave when no text waits any more', () => {
    keep('a', 90)
    coalescer.expectNext(Infinity)
    expect(left).toEqual(['a'])
  })

  it.each([
    { queueMs: 90, mostMs: 30, what: 'a third of the wait' },
    { queueMs: 3000, mostMs: 50, what: '50 ms' }
  ])('keeps a result for $what at most when the next is late', ({ queueMs, mostMs }) => {
    keep('a', queueMs)
    coalescer.expectNext(12)
    vi.advanceTimersByTime(mostMs - 1)
    expect(left).toEqual([])
    vi.advanceTimersByTime(1)
    expect(left).toEqual(['a'])
  })

  it('lets a result leave once', () => {
    keep('a', 90)
    coalescer.expectNext(12)
    vi.advanceTimersByTime(30)
    keep('b', 0)
    coalescer.expectNext(12)
    expect(left).toEqual(['a', 'b'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
