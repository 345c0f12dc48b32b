import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CircuitBreaker } from '../../../src/cache/circuit-breaker.ts'

describe('CircuitBreaker', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  const failure = new Error('no answer')
  const create = (probe: () => Promise<void>) => {
    const onOpen = vi.fn()
    const onClose = vi.fn()
    return { breaker: new CircuitBreaker({ threshold: 3, probeMs: 100, maxProbeMs: 400, probe, onOpen, onClose }), onOpen, onClose }
  }

  it('opens after consecutive failures, but not if a call succeeds between them', () => {
    const { breaker, onOpen } = create(() => Promise.resolve())
    breaker.failed(failure)
    breaker.failed(failure)
    breaker.succeeded()
    breaker.failed(failure)
    breaker.failed(failure)
    expect(breaker.isOpen).toBe(false)
    breaker.failed(failure)
    breaker.failed(failure)
    expect(breaker.isOpen).toBe(true)
    expect(onOpen).toHaveBeenCalledExactlyOnceWith(failure)
  })

  it('probes at growing intervals, and closes when a probe succeeds', async () => {
    const probe = vi.fn<() => Promise<void>>().mockRejectedValueOnce(failure).mockRejectedValueOnce(failure).mockResolvedValue()
    const { breaker, onClose } = create(probe)
    breaker.open(failure)
    await vi.advanceTimersByTimeAsync(100)
    expect(probe).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(probe).toHaveBeenCalledTimes(2)
    expect(breaker.isOpen).toBe(true)
    await vi.advanceTimersByTimeAsync(400)
    expect(breaker.isOpen).toBe(false)
    expect(onClose).toHaveBeenCalledTimes(1)
  })

  it('does not probe once it is stopped', async () => {
    const probe = vi.fn(() => Promise.resolve())
    const { breaker } = create(probe)
    breaker.open(failure)
    breaker.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(probe).not.toHaveBeenCalled()
  })
})
