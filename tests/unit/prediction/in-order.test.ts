import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inOrder, type InOrderOptions } from '../../../src/prediction/in-order.ts'

const NEVER = new AbortController().signal

/** Yields the groups, and counts those that were requested. */
function createSource<T> (groups: readonly (readonly T[])[]) {
  const source = {
    requested: 0,
    async * [Symbol.asyncIterator] () {
      for (const group of groups) {
        source.requested++
        yield group
      }
    }
  }
  return source
}

const options = <T, R>(changes: Pick<InOrderOptions<T, R>, 'source' | 'start'> & Partial<InOrderOptions<T, R>>): InOrderOptions<T, R> =>
  ({ canStart: (inFlight) => inFlight < 4, stop: NEVER, cancel: NEVER, ...changes })

async function collect<R> (results: AsyncGenerator<R[], void>): Promise<R[]> {
  const all: R[] = []
  for await (const group of results) all.push(...group)
  return all
}

/** Resolves after `ticks` iterations of the event loop. */
async function later<T> (value: T, ticks: number): Promise<T> {
  for (let tick = 0; tick < ticks; tick++) await new Promise(setImmediate)
  return value
}

describe('inOrder', () => {
  it('yields every result in the order of the items, for any groups and durations', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.nat(5), { maxLength: 5 }), { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), async (groups, limit) => {
      const items = groups.map((group, first) => group.map((ticks, index) => ({ ticks, id: `${first}.${index}` })))
      let inFlight = 0
      const start = async ({ id, ticks }: { id: string, ticks: number }): Promise<string> => {
        expect(++inFlight).toBeLessThanOrEqual(limit)
        await later(id, ticks)
        inFlight--
        return id
      }
      const results = await collect(inOrder(options({ source: createSource(items), start, canStart: (count) => count < limit })))
      expect(results).toEqual(items.flat().map(({ id }) => id))
    }), { numRuns: 50 })
  })

  it('starts no item while the consumer does not request results', async () => {
    const source = createSource(Array.from({ length: 100 }, (_, index) => [index]))
    const results = inOrder(options({ source, start: (item) => Promise.resolve(item) }))
    await results.next()
    const { requested } = source
    await later(undefined, 50)
    expect(source.requested).toBe(requested)
    expect(requested).toBeLessThan(10)
    await results.return()
  })

  it('throws a failure of the source after the results of the items before it', async () => {
    const source = {
      async * [Symbol.asyncIterator] () {
        yield [1, 2]
        throw new Error('the connection broke')
      }
    }
    const results: number[] = []
    const run = async (): Promise<void> => {
      for await (const group of inOrder(options({ source, start: (item: number) => later(item, 3) }))) results.push(...group)
    }
    await expect(run()).rejects.toThrow('the connection broke')
    expect(results).toEqual([1, 2])
  })

  it('completes started items after the input was stopped, and starts no other', async () => {
    const stop = new AbortController()
    const started: number[] = []
    const start = async (item: number): Promise<number> => {
      started.push(item)
      if (item === 2) stop.abort()
      return await later(item, 3)
    }
    const results = await collect(inOrder(options({ source: createSource([[1, 2, 3, 4], [5]]), start, stop: stop.signal })))
    expect(results).toEqual([1, 2])
    expect(started).toEqual([1, 2])
  })

  it('returns at once when it is cancelled, although an item is not complete', async () => {
    const cancel = new AbortController()
    const results = inOrder(options({ source: createSource([[1]]), start: () => new Promise<never>(() => {}), cancel: cancel.signal }))
    const next = results.next()
    await later(undefined, 3)
    cancel.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})
