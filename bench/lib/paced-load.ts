import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** What is due is sent this often, in milliseconds: a generator that wakes for every request takes the cores from the service. */
const GRAIN_MS = 10
const JSON_BODY = { 'content-type': 'application/json' }

/**
 * Sends `rate` requests a second, evenly spaced, whether or not earlier ones were answered. autocannon's own rate limit
 * sends each second's requests in one burst and waits for answers, which hides what a late answer delays. Through undici,
 * which costs the machine that it shares with what it measures a fraction of Node's own client.
 */
export async function pacedLoad (job: LoadJob & { rate: number, seconds: number }): Promise<LoadResult> {
  const { url, requests = [{ body: '' }], rate, seconds, connections } = job
  const pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const recorder = new Recorder()
  let errors = 0
  const pending = new Set<Promise<void>>()
  const count = Math.round(rate * seconds)
  const start = performance.now()
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.floor((performance.now() - start) / 1000 * rate) + 1)
    for (; sent < due; sent++) {
      const one = send(job, requests[sent % requests.length] as LoadRequest, pool, recorder).catch(() => { errors++ })
      pending.add(one)
      void one.then(() => pending.delete(one))
    }
    await delay(GRAIN_MS)
  }
  await Promise.all(pending)
  await pool.destroy()
  return recorder.result({ errors, timeouts: 0 })
}

function send ({ path = '/predict', method = 'POST' }: LoadJob, item: LoadRequest, pool: Pool, recorder: Recorder): Promise<void> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    let status = 0
    const chunks: Buffer[] = []
    // The least that undici can be asked with: no streams, no promise but this one.
    pool.dispatch(method === 'POST' ? { path, method, headers: JSON_BODY, body: item.body } : { path, method }, {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode) => { status = statusCode },
      onResponseData: (_controller, chunk) => { chunks.push(chunk) },
      onResponseEnd: () => {
        recorder.response(status, performance.now() - start)
        recorder.answer(item, status, Buffer.concat(chunks).toString())
        resolve()
      },
      onResponseError: (_controller, error) => reject(error)
    })
  })
}
