import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairQueue } from '../../../src/inference/fair-queue.ts'
import { Flow, type QueuedText } from '../../../src/inference/queued-text.ts'

const queued = (flow: Flow, text: string): QueuedText =>
  ({ text, cost: 1, flow, attempts: 0, cancelled: false, queuedAt: 0, resolve: () => {}, reject: () => {} })

/** Adds a request of `count` texts, each named `name`. */
function request (queue: FairQueue, name: string, count = 1, caller = ''): QueuedText[] {
  const flow = new Flow(caller)
  const texts = Array.from({ length: count }, () => queued(flow, name))
  for (const text of texts) queue.add(text)
  return texts
}

const take = (queue: FairQueue, count: number): (string | undefined)[] => Array.from({ length: count }, () => queue.next()?.text)

describe('FairQueue', () => {
  it('serves requests in the order of their arrival', () => {
    const queue = new FairQueue()
    for (const name of ['a', 'b', 'c']) request(queue, name)
    request(queue, 'd', 2)
    expect(take(queue, 6)).toEqual(['a', 'b', 'c', 'd', 'd', undefined])
    expect([queue.size, queue.cost, queue.flows]).toEqual([0, 0, 0])
  })

  it('lets a new request overtake those that were served before', () => {
    const queue = new FairQueue()
    request(queue, 'batch 1', 10)
    request(queue, 'batch 2', 10)
    expect(take(queue, 4)).toEqual(['batch 1', 'batch 2', 'batch 1', 'batch 2'])
    request(queue, 'single')
    expect(take(queue, 3)).toEqual(['single', 'batch 1', 'batch 2'])
  })

  it('gives a large request at least half of its share in a flood of small ones, and no more than all of it', () => {
    const queue = new FairQueue()
    request(queue, 'batch', 1000)
    for (let index = 0; index < 9; index++) request(queue, 'single')
    let served = 0
    for (let index = 0; index < 1000; index++) {
      const text = queue.next()?.text
      if (text === 'batch') served++
      else request(queue, 'single')
    }
    // Ten requests wait at any time.
    expect(served).toBeGreaterThanOrEqual(50)
    expect(served).toBeLessThanOrEqual(101)
  })

  it('serves a remaining request soon after many others were removed', () => {
    const queue = new FairQueue()
    const requests = Array.from({ length: 100 }, (_, index) => request(queue, `batch ${index}`, 5))
    take(queue, 100)
    for (const texts of requests.slice(1)) for (const text of texts) queue.remove(text)
    take(queue, 1)
    for (let index = 0; index < 3; index++) request(queue, 'single')
    expect(take(queue, 5).filter((text) => text === 'single')).toHaveLength(3)
    expect(queue.size).toBe(1)
  })

  it('serves callers round-robin, however many requests each has', () => {
    const queue = new FairQueue()
    for (let index = 0; index < 90; index++) request(queue, 'many', 10, 'key 1')
    request(queue, 'few', 5, 'key 2')
    request(queue, 'few', 5, 'key 3')
    expect(take(queue, 30).filter((text) => text === 'few')).toHaveLength(10)
  })

  it('serves a text that was put back before all others, once', () => {
    const queue = new FairQueue()
    request(queue, 'batch', 3)
    request(queue, 'single')
    const lost = queue.next() as QueuedText
    queue.putBack(lost)
    queue.add(queued(lost.flow, 'batch, later'))
    expect(queue.size).toBe(5)
    expect(queue.next()).toBe(lost)
    expect(take(queue, 5)).toEqual(['single', 'batch', 'batch', 'batch, later', undefined])
  })

  it('removes a text that was put back', () => {
    const queue = new FairQueue()
    const [text] = request(queue, 'text') as [QueuedText]
    queue.next()
    queue.putBack(text)
    queue.remove(text)
    expect([queue.size, queue.next()]).toEqual([0, undefined])
  })

  it('estimates the cost that is served before the last text of a new request', () => {
    const queue = new FairQueue()
    request(queue, 'batch', 10, 'key 1')
    request(queue, 'single', 1, 'key 1')
    take(queue, 1)
    expect([1, 4, 100].map((count) => queue.costBefore(count, 'key 1'))).toEqual([2, 5, 10])
    // Another caller is served as often as the first, whose requests are not counted one by one.
    expect([1, 4, 100].map((count) => queue.costBefore(count, 'key 2'))).toEqual([1, 4, 10])
  })

  it('never loses or repeats a text for any sequence of operations', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 6 }), caller: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ take: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ remove: fc.nat(20) })
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new FairQueue()
      const waiting = new Set<QueuedText>()
      const requests: QueuedText[][] = []
      for (const { add = 0, caller, take: count = 0, remove } of steps as { add?: number, caller?: string, take?: number, remove?: number }[]) {
        if (add > 0) requests.push(request(queue, 'text', add, caller))
        if (add > 0) for (const text of requests.at(-1) ?? []) waiting.add(text)
        for (let index = 0; index < count; index++) {
          const text = queue.next()
          expect(text === undefined ? waiting.size === 0 : waiting.delete(text)).toBe(true)
        }
        for (const text of requests[remove ?? -1] ?? []) {
          queue.remove(text)
          waiting.delete(text)
        }
        expect([queue.size, queue.cost]).toEqual([waiting.size, waiting.size])
        expect(queue.flows).toBe(new Set([...waiting].map(({ flow }) => flow)).size)
      }
    }))
  })
})
