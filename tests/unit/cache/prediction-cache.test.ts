import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encode, type Classification } from '../../../src/cache/codec.ts'
import { MemoryStore } from '../../../src/cache/memory-store.ts'
import { PredictionCache } from '../../../src/cache/prediction-cache.ts'

const value = { logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false }
const redisWith = (entries: Record<string, Buffer>) => ({
  state: 'up' as const,
  getMany: vi.fn((keys: readonly string[]) => Promise.resolve(keys.map((key) => entries[key]))),
  set: vi.fn()
})

const createMemory = (maxEntries = 10) => new MemoryStore({ maxEntries, ttlSeconds: 60 })

/** A lookup, with a model that answers each text by its length. */
function lookUp (cache: PredictionCache<Classification>, keys: string[], computed: string[] = [], signal = new AbortController().signal) {
  const trace = { cacheMs: NaN, queuedAt: undefined }
  const compute = (texts: readonly string[]) => texts.map((text) => {
    computed.push(text)
    return { result: Promise.resolve({ ...value, tokens: text.length }), cancel: () => {} }
  })
  return cache.getOrCompute(keys, keys.map((key) => `text of ${key}`), { labelCount: 3, signal: () => signal, compute, trace })
}

describe('PredictionCache', () => {
  it('stores values from Redis in memory, and treats a foreign value as a miss', async () => {
    const redis = redisWith({ known: encode('known', value), foreign: Buffer.from('hello') })
    const cache = new PredictionCache({ memory: createMemory(), redis })
    const computed: string[] = []
    expect(await lookUp(cache, ['known', 'foreign'], computed)).toMatchObject([{ classification: value }, { computed: { tokens: 15 } }])
    expect(computed).toEqual(['text of foreign'])
    expect(await lookUp(cache, ['known'], computed)).toEqual([{ classification: value }])
    expect(redis.getMany).toHaveBeenCalledTimes(1)
  })

  it('stores a computed value in memory and in Redis', async () => {
    const redis = redisWith({})
    const cache = new PredictionCache({ memory: createMemory(), redis })
    await lookUp(cache, ['key'])
    expect(redis.set).toHaveBeenCalledExactlyOnceWith('key', encode('key', { ...value, tokens: 11 }))
    expect(await lookUp(cache, ['key'])).toEqual([{ classification: { ...value, tokens: 11 } }])
    expect(cache.stats).toEqual({ memory: { entries: 1 }, redis: 'up' })
  })

  it('computes equal texts of one request or of concurrent requests once', async () => {
    const onJoin = vi.fn()
    const cache = new PredictionCache({ memory: createMemory(0), onJoin })
    const computed: string[] = []
    const [first, second] = await Promise.all([lookUp(cache, ['a', 'a', 'b'], computed), lookUp(cache, ['b', 'c'], computed)])
    expect(computed).toEqual(['text of a', 'text of b', 'text of c'])
    expect(first.map(({ classification }) => classification.tokens)).toEqual([9, 9, 9])
    expect(second[0]?.computed).toBe(first[2]?.computed)
    expect(onJoin).toHaveBeenCalledExactlyOnceWith(1)
  })

  it('rejects with the error of a computation that cannot start, and computes the text the next time', async () => {
    const cache = new PredictionCache({ memory: createMemory() })
    const refused = cache.getOrCompute(['key'], ['text'], {
      labelCount: 3, signal: () => new AbortController().signal, compute: () => { throw new Error('overloaded') }, trace: { cacheMs: 0, queuedAt: undefined }
    })
    await expect(refused).rejects.toThrow('overloaded')
    expect(await lookUp(cache, ['key'])).toMatchObject([{ computed: { tokens: 11 } }])
  })

  it('reports hits and misses per tier', async () => {
    const [onHit, onMiss] = [vi.fn(), vi.fn()]
    const cache = new PredictionCache({ memory: createMemory(), redis: redisWith({ known: encode('known', value) }), onHit, onMiss })
    await lookUp(cache, ['known', 'new'])
    await lookUp(cache, ['known', 'new', 'new'])
    expect(onHit.mock.calls).toEqual([['redis', 1], ['memory', 3]])
    expect(onMiss.mock.calls).toEqual([[1]])
  })
})

describe('MemoryStore', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('evicts the least recently used entry first', () => {
    const memory = new MemoryStore({ maxEntries: 2, ttlSeconds: 60 })
    memory.set('a', value)
    memory.set('b', value)
    memory.get('a')
    memory.set('c', value)
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([value, undefined, value])
  })

  it('evicts an entry when its time to live has passed', () => {
    const memory = new MemoryStore({ maxEntries: 2, ttlSeconds: 60, clock: Date })
    memory.set('a', value)
    vi.advanceTimersByTime(59_000)
    expect(memory.get('a')).toEqual(value)
    vi.advanceTimersByTime(2_000)
    expect(memory.get('a')).toBeUndefined()
  })

  it('stores nothing if its maximum is 0', () => {
    const memory = new MemoryStore({ maxEntries: 0, ttlSeconds: 60 })
    memory.set('a', value)
    expect(memory.get('a')).toBeUndefined()
    expect(memory.size).toBe(0)
  })
})
