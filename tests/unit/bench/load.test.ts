import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MicroBatcher } from '../../../bench/baselines/micro-batcher.ts'
import { buildAuthHeaders } from '../../../bench/load/api-key.ts'
import { autocannonLoad } from '../../../bench/load/autocannon-load.ts'
import { mixIn } from '../../../bench/load/expected-answers.ts'
import { isSameAnswer } from '../../../bench/load/load.ts'
import { sendOpenLoop } from '../../../bench/load/open-loop-load.ts'
import { findFailures } from '../../../bench/report/results.ts'

let server: Server

/** Echoes the body of a request, except for "bad" (another answer), "busy" (503), "last" (closes the connection) and "drop" (no answer). */
async function startEcho (): Promise<{ url: string, bodies: string[] }> {
  const bodies: string[] = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += String(chunk) })
    request.on('end', () => {
      bodies.push(body)
      if (body === 'drop') request.socket.destroy()
      response.writeHead(body === 'busy' ? 503 : 200, body === 'last' ? { connection: 'close' } : {}).end(body === 'bad' ? 'wrong' : body)
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

const known = (body: string) => ({ body, expect: body })

describe.each([
  ['autocannonLoad', autocannonLoad],
  ['sendOpenLoop', (job: Parameters<typeof autocannonLoad>[0]) => sendOpenLoop({ ...job, rate: 50, seconds: 0.1 })],
  ['sendOpenLoop with coarse ticks', (job: Parameters<typeof autocannonLoad>[0]) => sendOpenLoop({ ...job, rate: 500, seconds: 0.01, coarse: true })]
])('%s', (_name, load) => {
  it('sends every request once and counts answers, refusals and wrong answers', async () => {
    const { url, bodies } = await startEcho()
    const result = await load({ url, requests: ['a', 'b', 'bad', 'busy', 'c'].map(known), connections: 2 })
    expect(bodies.sort()).toEqual(['a', 'b', 'bad', 'busy', 'c'])
    expect(result).toMatchObject({ answered: 4, checked: 4, wrong: 1, statuses: { 200: 4, 503: 1 }, errors: 0 })
  })
})

describe('API key', () => {
  it('is sent by both load generators if API_KEY is set', async () => {
    vi.stubEnv('API_KEY', 'a-secret-key')
    onTestFinished(() => { vi.unstubAllEnvs() })
    const { url } = await startEcho()
    const headers: (string | undefined)[] = []
    server.prependListener('request', ({ headers: { authorization } }: IncomingMessage) => headers.push(authorization))
    await autocannonLoad({ url, requests: [known('a')], connections: 1 })
    await sendOpenLoop({ url, requests: [known('a')], connections: 1, rate: 50, seconds: 0.02 })
    expect(headers).toEqual(['Bearer a-secret-key', 'Bearer a-secret-key'])
  })

  it('is omitted if API_KEY is empty', () => {
    expect(buildAuthHeaders({ API_KEY: '' })).toEqual({})
  })
})

describe('autocannonLoad', () => {
  it('counts refused connections as errors', async () => {
    const { url } = await startEcho()
    server.close()
    server.closeAllConnections()
    const result = await autocannonLoad({ url, requests: [known('a')], connections: 1, seconds: 0.3 })
    expect(result.answered).toBe(0)
    expect(result.errors).toBeGreaterThan(0)
  })
})

describe('sendOpenLoop', () => {
  const send = (url: string, bodies: string[]) => sendOpenLoop({ url, requests: bodies.map(known), connections: 1, rate: 50, seconds: bodies.length / 50 })

  it('measures latency from the planned send time, also if the service delays later requests', async () => {
    const { url } = await startEcho()
    server.prependListener('request', () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40) })
    // One request per 20 ms, each handled for 40 ms: every further request waits 20 ms longer.
    const { latency } = await send(url, ['a', 'b', 'c', 'd', 'e'])
    expect(latency.max).toBeGreaterThan(100)
  })

  it('ends early once over 1 % of the requests exceed the latency bound, and counts unanswered requests as timed out', async () => {
    server = createServer(() => {})
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const result = await sendOpenLoop({ url, requests: [known('a')], connections: 10, rate: 100, seconds: 600, boundMs: 20 })
    expect(result).toMatchObject({ answered: 0, openLoop: { planned: 60_000, inTime: 0 } })
    expect(result.timeouts).toBeGreaterThan(600)
  }, 60_000)

  it('opens a new connection after one that failed, which counts as an error, or was closed, which does not', async () => {
    const { url } = await startEcho()
    expect(await send(url, ['a', 'drop', 'b', 'last', 'c'])).toMatchObject({ answered: 4, wrong: 0, errors: 1 })
  })

  it('counts refused connections as errors', async () => {
    const { url } = await startEcho()
    server.close()
    expect(await send(url, ['a', 'b'])).toMatchObject({ answered: 0, errors: 2 })
  })
})

describe('isSameAnswer', () => {
  it.each([
    [true, '{"score":0.5,"cached":true}', '{"score":0.5,"cached":false}'],
    [true, '{"score":0.5,"tokens":7}', '{"score":0.5}'],
    [true, '{"predictions":[{"score":0.5,"tokens":7}]}', '{"predictions":[{"score":0.5}]}'],
    [false, '{"score":0.500001,"cached":true}', '{"score":0.5,"cached":true}'],
    [false, '{"predictions":[{"score":0.5}]}', '{"predictions":[{"score":0.5},{"score":0.5}]}'],
    [false, '{"cached":true}', '{"score":0.5,"cached":true}']
  ])('compares the fields that both answers have, except cached (%s: %s, %s)', (same, a, b) => {
    expect(isSameAnswer(a, b)).toBe(same)
  })
})

describe('mixIn', () => {
  it('spreads the first items over the others and keeps all of them', () => {
    expect(mixIn(['x', 'y'], ['1', '2', '3', '4', '5', '6'])).toEqual(['x', '1', '2', '3', '4', 'y', '5', '6'])
  })
})

describe('findFailures', () => {
  const scenario = { name: 'any', title: '', run: () => Promise.resolve([]) }
  const load = { seconds: 1, answered: 3, perSecond: 3, statuses: { 200: 3, 503: 1 }, errors: 0, timeouts: 0, cpuMs: 1, checked: 3, wrong: 0, latency: {}, refusedLatency: {} }
  const run = { system: 'service' as const, round: 0, phase: 'any', figures: {}, load }

  it('reports statuses that a scenario does not expect', () => {
    expect(findFailures(scenario, [run])).toEqual(['any: 1 answers with status 503'])
    expect(findFailures({ ...scenario, refusals: [503] }, [run])).toEqual([])
  })

  it('reports wrong answers and errors of the service, not those of baselines', () => {
    const broken = { ...load, statuses: { 200: 3 }, wrong: 2, errors: 1 }
    expect(findFailures(scenario, [{ ...run, load: broken }])).toHaveLength(2)
    expect(findFailures(scenario, [{ ...run, system: 'batcher', load: broken }])).toEqual([])
  })
})

describe('MicroBatcher', () => {
  it('runs waiting inputs together up to the batch size and returns each caller its own output', async () => {
    const sizes: number[] = []
    const batcher = new MicroBatcher<number, number>(8, (inputs) => {
      sizes.push(inputs.length)
      return Promise.resolve(inputs.map((input) => input * 2))
    })
    expect(await Promise.all(Array.from({ length: 10 }, (_, index) => batcher.run(index)))).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    expect(sizes).toEqual([8, 2])
  })
})
