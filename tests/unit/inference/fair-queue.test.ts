import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flow, FairQueue, type QueuedText } from '../../../src/inference/fair-queue.ts'

const entry = (group: Flow, text: string): QueuedText =>
  ({ text, group, attempts: 0, abandoned: false, queuedAt: 0, settle: () => {}, fail: () => {} })

/** Adds a request of `count` texts, named `name` each. */
function request (ring: FairQueue, name: string, count = 1): Flow {
  const group = new Flow()
  for (let index = 0; index < count; index++) ring.add(entry(group, name))
  return group
}

const take = (ring: FairQueue, count: number): (string | undefined)[] => Array.from({ length: count }, () => ring.next()?.text)

describe('RequestRing', () => {
  it('gives requests turns in the order in which they came', () => {
    const ring = new FairQueue()
    for (const name of ['a', 'b', 'c']) request(ring, name)
    request(ring, 'd', 2)
    expect(take(ring, 6)).toEqual(['a', 'b', 'c', 'd', 'd', undefined])
    expect(ring.depth).toBe(0)
  })

  it('lets a new request pass those that had a turn', () => {
    const ring = new FairQueue()
    request(ring, 'batch 1', 10)
    request(ring, 'batch 2', 10)
    expect(take(ring, 4)).toEqual(['batch 1', 'batch 2', 'batch 1', 'batch 2'])
    request(ring, 'single')
    expect(take(ring, 3)).toEqual(['single', 'batch 1', 'batch 2'])
  })

  it('gives a large request at least half of its share in a flood of small ones, and no more than all of it', () => {
    const ring = new FairQueue()
    request(ring, 'batch', 1000)
    for (let index = 0; index < 9; index++) request(ring, 'single')
    let turns = 0
    for (let turn = 0; turn < 1000; turn++) {
      const text = ring.next()?.text
      if (text === 'batch') turns++
      else request(ring, 'single')
    }
    // Ten requests wait at any time.
    expect(turns).toBeGreaterThanOrEqual(50)
    expect(turns).toBeLessThanOrEqual(101)
  })

  it('gives a request that stays a turn soon, whoever else has left', () => {
    const ring = new FairQueue()
    const groups = Array.from({ length: 100 }, (_, index) => request(ring, `batch ${index}`, 5))
    take(ring, 100)
    for (const group of groups.slice(1)) for (const left of [...group.entries]) ring.remove(left)
    take(ring, 1)
    for (let index = 0; index < 3; index++) request(ring, 'single')
    expect(take(ring, 5).filter((text) => text === 'single')).toHaveLength(3)
    expect(ring.depth).toBe(1)
  })

  it('takes an entry again that was put back, before all others and once', () => {
    const ring = new FairQueue()
    request(ring, 'batch', 3)
    request(ring, 'single')
    const lost = ring.next() as QueuedText
    ring.addFirst(lost)
    ring.add(entry(lost.group, 'batch, later'))
    expect(ring.depth).toBe(5)
    expect(ring.next()).toBe(lost)
    expect(take(ring, 5)).toEqual(['single', 'batch', 'batch', 'batch, later', undefined])
  })

  it('says how many are served before the last of a new request at most', () => {
    const ring = new FairQueue()
    request(ring, 'batch', 10)
    request(ring, 'single')
    take(ring, 1)
    expect([ring.servedBefore(1), ring.servedBefore(4), ring.servedBefore(100)]).toEqual([2, 5, 10])
  })

  it('says which come next, whatever came before', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ leave: fc.nat(20) })
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), (steps, count) => {
      const ring = new FairQueue()
      const groups: Flow[] = []
      for (const { add = 0, take: turns = 0, leave } of steps as { add?: number, take?: number, leave?: number }[]) {
        if (add > 0) groups.push(request(ring, 'text', add))
        take(ring, turns)
        if (leave !== undefined) for (const left of [...groups[leave]?.entries ?? []]) ring.remove(left)
      }
      const upcoming = ring.upcoming(count)
      expect(upcoming).toHaveLength(Math.min(count, ring.depth))
      for (const expected of upcoming) expect(ring.next()).toBe(expected)
    }))
  })
})
