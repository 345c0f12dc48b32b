import { describe, expect, it, vi } from 'vitest'
import { SingleFlight } from '../../../src/cache/single-flight.ts'

function pending<T> () {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const result = new Promise<T>((_resolve, _reject) => { resolve = _resolve; reject = _reject })
  return { result, resolve, reject, cancel: vi.fn((reason: unknown) => reject(reason as Error)) }
}
const signal = () => new AbortController().signal

describe('SingleFlight', () => {
  it('shares one computation among concurrent callers, and stores nothing', async () => {
    const flights = new SingleFlight<number>()
    const computation = pending<number>()
    flights.add('key', computation)
    const all = Promise.all(Array.from({ length: 10 }, () => flights.wait(['key'], signal())))
    computation.resolve(7)
    expect(await all).toEqual(Array(10).fill([7]))
    expect(flights.has('key')).toBe(false)
    expect(flights.size).toBe(0)
  })

  it('rejects for all callers if the computation fails, and forgets it', async () => {
    const flights = new SingleFlight<number>()
    const computation = pending<number>()
    flights.add('key', computation)
    const outcomes = Promise.allSettled([flights.wait(['key'], signal()), flights.wait(['key'], signal())])
    computation.reject(new Error('no'))
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(flights.has('key')).toBe(false)
  })

  it('does not cancel a computation that another caller waits for', async () => {
    const flights = new SingleFlight<number>()
    const computation = pending<number>()
    const leaver = new AbortController()
    flights.add('key', computation)
    const left = flights.wait(['key'], leaver.signal)
    const stayed = flights.wait(['key'], signal())
    leaver.abort(new Error('disconnected'))
    await expect(left).rejects.toThrow('disconnected')
    expect(computation.cancel).not.toHaveBeenCalled()
    computation.resolve(3)
    expect(await stayed).toEqual([3])
  })

  it('forgets and then cancels a computation when its last caller stops waiting', async () => {
    const flights = new SingleFlight<number>()
    const computation = pending<number>()
    const leaver = new AbortController()
    flights.add('key', computation)
    const left = flights.wait(['key'], leaver.signal)
    leaver.abort(new Error('disconnected'))
    await expect(left).rejects.toThrow('disconnected')
    expect(computation.cancel).toHaveBeenCalledExactlyOnceWith(leaver.signal.reason)
    expect(flights.has('key')).toBe(false)
  })

  it('cancels the other computations of a caller when one fails', async () => {
    const flights = new SingleFlight<number>()
    const [one, two] = [pending<number>(), pending<number>()]
    flights.add('one', one)
    flights.add('two', two)
    const both = flights.wait(['one', 'two'], signal())
    one.reject(new Error('no'))
    await expect(both).rejects.toThrow('no')
    expect(two.cancel).toHaveBeenCalledTimes(1)
  })

  it('cancels a computation that a disconnected caller has started', async () => {
    const flights = new SingleFlight<number>()
    const computation = pending<number>()
    flights.add('key', computation)
    await expect(flights.wait(['key'], AbortSignal.abort(new Error('disconnected')))).rejects.toThrow('disconnected')
    expect(computation.cancel).toHaveBeenCalledTimes(1)
  })
})
