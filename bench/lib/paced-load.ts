import { Agent, request as httpRequest } from 'node:http'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/**
 * Sends `rate` requests a second, evenly spaced, whether or not earlier ones were answered. autocannon's own rate limit
 * sends each second's requests in one burst and waits for answers, which hides what a late answer delays.
 */
export async function pacedLoad (job: LoadJob & { rate: number, seconds: number }): Promise<LoadResult> {
  const { requests = [{ body: '' }], rate, seconds, connections } = job
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const recorder = new Recorder()
  let errors = 0
  const pending = new Set<Promise<void>>()
  const count = Math.round(rate * seconds)
  const start = performance.now()
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.floor((performance.now() - start) / 1000 * rate) + 1)
    for (; sent < due; sent++) {
      const one = send(job, requests[sent % requests.length] as LoadRequest, agent, recorder).catch(() => { errors++ })
      pending.add(one)
      void one.then(() => pending.delete(one))
    }
    await new Promise((resolve) => { setTimeout(resolve, 1) })
  }
  await Promise.all(pending)
  agent.destroy()
  return recorder.result({ errors, timeouts: 0 })
}

function send ({ url, path = '/predict', method = 'POST' }: LoadJob, item: LoadRequest, agent: Agent, recorder: Recorder): Promise<void> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(item.body) } : {}
    const request = httpRequest(`${url}${path}`, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const status = response.statusCode ?? 0
        recorder.response(status, performance.now() - start)
        recorder.answer(item, status, Buffer.concat(chunks).toString())
        resolve()
      })
    })
    request.on('error', reject)
    request.end(method === 'POST' ? item.body : undefined)
  })
}
