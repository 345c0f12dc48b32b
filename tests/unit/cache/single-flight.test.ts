import { describe, expect, it, vi } from 'vitest'
import { SingleFlight } from '../../../src/cache/single-flight.ts'

function deferred<T> () {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((_resolve, _reject) => { resolve = _resolve; reject = _reject })
  return { promise, resolve, reject }
}
const signal = () => new AbortController().signal

describe('SingleFlight', () => {
  it('computes once for all who ask meanwhile, and anew afterwards', async () => {
    const joined = vi.fn()
    const flights = new SingleFlight<number>({ onJoin: joined })
    const answer = deferred<number>()
    const compute = vi.fn(() => answer.promise)
    const all = Promise.all(Array.from({ length: 10 }, () => flights.run('key', signal(), compute)))
    answer.resolve(7)
    expect(await all).toEqual(Array(10).fill(7))
    expect(compute).toHaveBeenCalledTimes(1)
    expect(joined).toHaveBeenCalledTimes(9)
    await flights.run('key', signal(), compute)
    expect(compute).toHaveBeenCalledTimes(2)
    expect(flights.size).toBe(0)
  })

  it('tells a failure to all, and forgets it', async () => {
    const flights = new SingleFlight<number>()
    const fails = () => Promise.reject(new Error('no'))
    const results = await Promise.allSettled([flights.run('key', signal(), fails), flights.run('key', signal(), fails)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await flights.run('key', signal(), () => Promise.resolve(1))).toBe(1)
  })

  it('lets one caller go without ending the computation of the others', async () => {
    const flights = new SingleFlight<number>()
    const answer = deferred<number>()
    const leaver = new AbortController()
    let shared: AbortSignal | undefined
    const compute = (aborted: AbortSignal) => { shared = aborted; return answer.promise }
    const left = flights.run('key', leaver.signal, compute)
    const stayed = flights.run('key', signal(), compute)
    leaver.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect(shared?.aborted).toBe(false)
    answer.resolve(3)
    expect(await stayed).toBe(3)
  })

  it('ends the computation when the last caller goes; who asks next starts anew', async () => {
    const flights = new SingleFlight<number>()
    const leaver = new AbortController()
    let shared: AbortSignal | undefined
    const left = flights.run('key', leaver.signal, (aborted) => { shared = aborted; return new Promise(() => {}) })
    leaver.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect(shared?.aborted).toBe(true)
    expect(await flights.run('key', signal(), () => Promise.resolve(5))).toBe(5)
  })

  it('starts nothing for a caller that is gone already', async () => {
    const compute = vi.fn()
    await expect(new SingleFlight().run('key', AbortSignal.abort(new Error('gone')), compute)).rejects.toThrow('gone')
    expect(compute).not.toHaveBeenCalled()
  })
})
