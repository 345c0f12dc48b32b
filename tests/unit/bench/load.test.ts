import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { mixIn } from '../../../bench/lib/answers.ts'
import { autocannonLoad } from '../../../bench/lib/autocannon-load.ts'
import { sameAnswer } from '../../../bench/lib/load.ts'
import { pacedLoad } from '../../../bench/lib/paced-load.ts'
import { failuresOf } from '../../../bench/lib/results.ts'
import { MicroBatcher } from '../../../bench/peers/micro-batcher.ts'

let server: Server

/** Answers with the request's body; "bad" with something else, "busy" with 503, "last" and no more, "drop" not at all. */
async function echo (): Promise<{ url: string, bodies: string[] }> {
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
  ['pacedLoad', (job: Parameters<typeof autocannonLoad>[0]) => pacedLoad({ ...job, rate: 50, seconds: 0.1 })],
  ['pacedLoad with several requests a grain', (job: Parameters<typeof autocannonLoad>[0]) => pacedLoad({ ...job, rate: 500, seconds: 0.01 })]
])('%s', (_name, load) => {
  it('sends every request once and counts answers, refusals and wrong answers', async () => {
    const { url, bodies } = await echo()
    const result = await load({ url, requests: ['a', 'b', 'bad', 'busy', 'c'].map(known), connections: 2 })
    expect(bodies.sort()).toEqual(['a', 'b', 'bad', 'busy', 'c'])
    expect(result).toMatchObject({ answered: 4, checked: 4, wrong: 1, statuses: { 200: 4, 503: 1 }, errors: 0 })
  })
})

describe('autocannonLoad', () => {
  it('counts what nobody answers as errors', async () => {
    const { url } = await echo()
    server.close()
    server.closeAllConnections()
    const result = await autocannonLoad({ url, requests: [known('a')], connections: 1, seconds: 0.3 })
    expect(result.answered).toBe(0)
    expect(result.errors).toBeGreaterThan(0)
  })
})

describe('pacedLoad', () => {
  const paced = (url: string, bodies: string[]) => pacedLoad({ url, requests: bodies.map(known), connections: 1, rate: 50, seconds: bodies.length / 50 })

  it('goes on with a new connection after one that failed, which is an error, or was closed, which is none', async () => {
    const { url } = await echo()
    expect(await paced(url, ['a', 'drop', 'b', 'last', 'c'])).toMatchObject({ answered: 4, wrong: 0, errors: 1 })
  })

  it('counts what nobody answers as errors', async () => {
    const { url } = await echo()
    server.close()
    expect(await paced(url, ['a', 'b'])).toMatchObject({ answered: 0, errors: 2 })
  })
})

describe('sameAnswer', () => {
  it('takes no difference but where an answer came from', () => {
    expect(sameAnswer('{"score":0.5,"cached":true}', '{"score":0.5,"cached":false}')).toBe(true)
    expect(sameAnswer('{"score":0.500001,"cached":true}', '{"score":0.5,"cached":true}')).toBe(false)
  })
})

describe('mixIn', () => {
  it('keeps every request, known ones first and apart', () => {
    expect(mixIn(['x', 'y'], ['1', '2', '3', '4', '5', '6'])).toEqual(['x', '1', '2', '3', '4', 'y', '5', '6'])
  })
})

describe('failuresOf', () => {
  const scenario = { name: 'any', title: '', run: () => Promise.resolve([]) }
  const load = { seconds: 1, answered: 3, perSecond: 3, statuses: { 200: 3, 503: 1 }, errors: 0, timeouts: 0, cpuMs: 1, checked: 3, wrong: 0, latency: {}, refusedLatency: {} }
  const run = { participant: 'service' as const, round: 0, phase: 'any', figures: {}, load }

  it('names statuses that do not belong to a scenario', () => {
    expect(failuresOf(scenario, [run])).toEqual(['any: 1 answers with status 503'])
    expect(failuresOf({ ...scenario, refusals: [503] }, [run])).toEqual([])
  })

  it('names wrong answers and errors of the service, not those of peers', () => {
    const broken = { ...load, statuses: { 200: 3 }, wrong: 2, errors: 1 }
    expect(failuresOf(scenario, [{ ...run, load: broken }])).toHaveLength(2)
    expect(failuresOf(scenario, [{ ...run, participant: 'batcher', load: broken }])).toEqual([])
  })
})

describe('MicroBatcher', () => {
  it('runs what waits together, up to its size, and gives each caller its own', async () => {
    const sizes: number[] = []
    const batcher = new MicroBatcher<number, number>(8, (inputs) => {
      sizes.push(inputs.length)
      return Promise.resolve(inputs.map((input) => input * 2))
    })
    expect(await Promise.all(Array.from({ length: 10 }, (_, index) => batcher.run(index)))).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    expect(sizes).toEqual([8, 2])
  })
})
