import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encode } from '../../../src/cache/codec.ts'
import { MemoryStore } from '../../../src/cache/memory-store.ts'
import { PredictionCache } from '../../../src/cache/prediction-cache.ts'

const value = { logits: Float32Array.of(1, 2, 3), tokens: 4, truncated: false }
const redisWith = (entries: Record<string, Buffer>) => ({
  state: 'up' as const,
  getMany: vi.fn((keys: readonly string[]) => Promise.resolve(keys.map((key) => entries[key]))),
  set: vi.fn()
})

describe('PredictionCache', () => {
  it('brings what Redis has to memory, and takes a foreign value for a miss', async () => {
    const redis = redisWith({ known: encode(value), foreign: Buffer.from('hello') })
    const cache = new PredictionCache({ memory: new MemoryStore({ maxEntries: 10, ttlSeconds: 60 }), redis })
    expect(await cache.lookup(['known', 'foreign', 'absent'], 3)).toEqual([value, undefined, undefined])
    expect(cache.getFromMemory('known')).toEqual(value)
    expect(cache.getFromMemory('foreign')).toBeUndefined()
    expect(redis.getMany).toHaveBeenCalledTimes(1)
  })

  it('keeps a new value in memory at once and sends it to Redis', () => {
    const redis = redisWith({})
    const cache = new PredictionCache({ memory: new MemoryStore({ maxEntries: 10, ttlSeconds: 60 }), redis })
    cache.put('key', value)
    expect(cache.getFromMemory('key')).toEqual(value)
    expect(redis.set).toHaveBeenCalledExactlyOnceWith('key', encode(value))
    expect(cache.stats).toEqual({ memory: { entries: 1 }, redis: 'up' })
  })
})

describe('MemoryStore', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('forgets the least recently used entry first', () => {
    const memory = new MemoryStore({ maxEntries: 2, ttlSeconds: 60 })
    memory.set('a', value)
    memory.set('b', value)
    memory.get('a')
    memory.set('c', value)
    expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([value, undefined, value])
  })

  it('forgets an entry when its time is over', () => {
    const memory = new MemoryStore({ maxEntries: 2, ttlSeconds: 60, clock: Date })
    memory.set('a', value)
    vi.advanceTimersByTime(59_000)
    expect(memory.get('a')).toEqual(value)
    vi.advanceTimersByTime(2_000)
    expect(memory.get('a')).toBeUndefined()
  })

  it('keeps nothing with room for nothing', () => {
    const memory = new MemoryStore({ maxEntries: 0, ttlSeconds: 60 })
    memory.set('a', value)
    expect(memory.get('a')).toBeUndefined()
    expect(memory.size).toBe(0)
  })
})
