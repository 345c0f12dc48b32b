import type { Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'
import type { RedisConnection } from '../../../src/cache/redis-connection.ts'
import { RedisStore } from '../../../src/cache/redis-store.ts'

/** A store on a server that has `entries`, and the MGETs that it was sent; `entries` undefined is a server that is away. */
function storeOn (entries: Record<string, string> | undefined) {
  const mgetBuffer = vi.fn((keys: string[]) => Promise.resolve(keys.map((key) => entries?.[key] === undefined ? null : Buffer.from(entries[key]))))
  const connection = {
    state: 'up',
    execute: async <T>(command: (redis: Redis) => Promise<T>) => entries === undefined ? undefined : await command({ mgetBuffer } as unknown as Redis)
  }
  return { store: new RedisStore(connection as unknown as RedisConnection, { ttlSeconds: 60 }), mgetBuffer }
}

const toTexts = (values: (Buffer | undefined)[]): (string | undefined)[] => values.map((value) => value?.toString())

it('reads the keys of all callers in one tick with one MGET, and returns each caller its own values', async () => {
  const { store, mgetBuffer } = storeOn({ a: '1', b: '2', d: '4' })
  const [first, second, third] = await Promise.all([store.getMany(['a', 'x']), store.getMany(['b']), store.getMany(['y', 'd', 'a'])])
  expect(toTexts(first)).toEqual(['1', undefined])
  expect(toTexts(second)).toEqual(['2'])
  expect(toTexts(third)).toEqual([undefined, '4', '1'])
  expect(mgetBuffer).toHaveBeenCalledTimes(1)
})

it('sends another MGET for keys that are requested later', async () => {
  const { store, mgetBuffer } = storeOn({ a: '1' })
  expect(toTexts(await store.getMany(['a']))).toEqual(['1'])
  expect(toTexts(await store.getMany(['a']))).toEqual(['1'])
  expect(mgetBuffer).toHaveBeenCalledTimes(2)
})

it('splits many keys into several MGETs', async () => {
  const { store, mgetBuffer } = storeOn({ k0: 'first', k699: 'last' })
  const values = await Promise.all(Array.from({ length: 700 }, (_, index) => store.getMany([`k${index}`])))
  expect(toTexts([values[0]?.[0], values[699]?.[0]])).toEqual(['first', 'last'])
  expect(mgetBuffer.mock.calls.map(([keys]) => keys.length)).toEqual([512, 188])
})

it('returns misses to every caller if the server is unreachable', async () => {
  const { store } = storeOn(undefined)
  expect(await Promise.all([store.getMany(['a', 'b']), store.getMany(['c'])])).toEqual([[undefined, undefined], [undefined]])
})
