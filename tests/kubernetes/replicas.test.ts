import { afterAll, beforeAll, expect, it } from 'vitest'
import { inPod, request } from './support/client.ts'
import { report, scale, settled, type Pod } from './support/kubectl.ts'
import { computed } from './support/metrics.ts'

interface Answer { cached: boolean }

let replicas: Pod[]
let hosts: string[]

beforeAll(async () => {
  await settled(2)
  replicas = await scale(3)
  hosts = replicas.map(({ status: { podIP } }) => `${podIP}:8000`)
})

afterAll(async () => { await scale(2) })

it('answers a text from the shared cache on one replica that another one has computed', async () => {
  const body = { text: `computed once for all replicas ${Date.now()}` }
  const first = await request<Answer>(hosts[0] as string, '/predict', body)
  expect(first.body.cached).toBe(false)
  for (const host of hosts.slice(1)) expect((await request<Answer>(host, '/predict', body)).body.cached).toBe(true)
})

it('computes a new text that is sent to all replicas at the same time at most once per replica', async () => {
  const before = await computed(replicas)
  const answers = await inPod<number[]>(`const body = JSON.stringify({ text: 'a burst on three replicas ' + Date.now() })
    const hosts = ${JSON.stringify(hosts)}.flatMap((host) => Array(10).fill(host))
    return await Promise.all(hosts.map((host) => fetch('http://' + host + '/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      .then(async (response) => { await response.text(); return response.status })))`)
  expect(answers).toEqual(Array(30).fill(200))
  const runs = await computed(replicas) - before
  expect(runs).toBeGreaterThanOrEqual(1)
  expect(runs).toBeLessThanOrEqual(3)
})

it('computes at most a few texts twice under skewed load on three replicas without a lock in Redis', async () => {
  // 4,000 requests from 24 connections, texts drawn by a Zipf distribution over 2,000: how much would a lock save?
  const before = await computed(replicas)
  const distinct = await inPod<number>(`const hosts = ${JSON.stringify(hosts)}, seen = new Set(), tag = Date.now()
    let left = 4000
    const client = async () => { while (left-- > 0) {
      const rank = Math.floor(Math.exp(Math.random() * Math.log(2000)))
      seen.add(rank)
      const host = hosts[Math.floor(Math.random() * hosts.length)]
      const response = await fetch('http://' + host + '/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: tag + ' zipf text ' + rank }) })
      if (response.status !== 200) throw new Error(await response.text())
      await response.text()
    } }
    await Promise.all(Array.from({ length: 24 }, client))
    return seen.size`)
  const runs = await computed(replicas) - before
  report(`skewed load on three replicas: ${distinct} distinct texts, ${runs} computed: ${((runs / distinct - 1) * 100).toFixed(1)} % twice or more`)
  expect(runs).toBeLessThan(distinct * 1.5)
})
