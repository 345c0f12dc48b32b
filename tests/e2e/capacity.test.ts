import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { measureCapacity } from '../../bench/capacity/measure.ts'
import { sendOpenLoop } from '../../bench/load/open-loop-load.ts'

/** Answers one request after the other, `rate` per second by the clock: a late timer does not lower the rate. */
async function startStub (rate: number): Promise<string> {
  let freeAt = 0
  const server = createServer((_request, response) => {
    freeAt = Math.max(freeAt, performance.now()) + 1000 / rate
    setTimeout(() => response.end('{}'), freeAt - performance.now())
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// Other programs can keep the stub or the generator from the processor for longer than the bound: such a measurement is repeated.
it('the capacity benchmark finds the rate of a service that answers 100 requests per second within 10 %', { timeout: 300_000, retry: 4 }, async () => {
  const { capacity, steps } = await measureCapacity({
    generator: { run: (job) => sendOpenLoop({ rate: NaN, seconds: NaN, ...job }) },
    url: await startStub(100),
    boundMs: 500,
    seconds: 8,
    connections: 200,
    startRate: 64,
    createRequests: () => [{ body: '{}' }]
  })
  expect(capacity).toBeGreaterThan(90)
  expect(capacity).toBeLessThan(110)
  expect(steps.some(({ sustained }) => !sustained)).toBe(true)
})
