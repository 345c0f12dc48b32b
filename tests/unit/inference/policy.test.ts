import { describe, expect, it } from 'vitest'
import { Flow, type QueuedText } from '../../../src/inference/fair-queue.ts'
import { sharedRun } from '../../../src/inference/unpadded-batch/policy.ts'

const NOW = 10_000
const entry = (waitedMs: number, rest: Partial<QueuedText> = {}): QueuedText =>
  ({ text: 'text', group: new Flow(), attempts: 0, abandoned: false, queuedAt: NOW - waitedMs, settle: () => {}, fail: () => {}, ...rest })
const size = (entries: QueuedText[], state: { lanes?: number, requests?: number } = {}): number =>
  sharedRun(entries, { lanes: 4, requests: entries.length, runMs: 10, now: NOW, ...state }).length

describe('sharedRun', () => {
  it.each([[0, 1], [29, 1], [30, 2], [59, 2], [60, 4], [10_000, 4]])('of texts that waited for %i ms at 10 ms each has %i', (waitedMs, expected) => {
    expect(size([1, 2, 3, 4].map(() => entry(waitedMs)))).toBe(expected)
  })

  it('has as many as there are, or as the model takes', () => {
    const long = () => entry(10_000)
    expect([size([]), size([long()]), size([long(), long()]), size([long(), long(), long()])]).toEqual([0, 1, 2, 2])
    expect(size([long(), long(), long(), long()], { lanes: 1 })).toBe(1)
  })

  it('begins with the one whose turn it is', () => {
    const entries = [1, 2, 3, 4].map(() => entry(10_000))
    expect(sharedRun(entries, { lanes: 2, requests: 4, runMs: 10, now: NOW })).toEqual(entries.slice(0, 2))
  })

  it('has two of one request, so that who comes then waits for no more', () => {
    const entries = [1, 2, 3, 4].map(() => entry(10_000))
    expect([1, 2, 3, 4].map((requests) => size(entries, { requests }))).toEqual([2, 2, 2, 4])
  })

  it.each([['too long', { text: 'é'.repeat(201) }], ['of a run that was lost', { attempts: 1 }]])('is that of one text where one is %s', (_, rest) => {
    const [other, another] = [entry(10_000, rest), () => entry(10_000)]
    expect([size([other, another()]), size([another(), other]), size([another(), another(), other, another()])]).toEqual([1, 1, 2])
  })

  it('has two where four would be too long', () => {
    const sized = (text: string) => size([1, 2, 3, 4].map(() => entry(10_000, { text })))
    expect([sized('x'.repeat(200)), sized('x'.repeat(201)), sized('é'.repeat(200)), sized('é'.repeat(201))]).toEqual([4, 2, 2, 1])
  })
})
