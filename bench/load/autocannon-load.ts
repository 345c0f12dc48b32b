import autocannon from 'autocannon'
import { buildAuthHeaders } from './api-key.ts'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** Seconds until a request counts as timed out: longer than any deadline that a scenario configures. */
const TIMEOUT_SECONDS = 120
/** Interval in milliseconds at which autocannon checks whether to stop. */
const SAMPLE_MS = 100

/** Sends a closed-loop load: every connection sends its next request after the answer to its last one. */
export async function autocannonLoad (job: LoadJob): Promise<LoadResult> {
  const { url, path = '/predict', method = 'POST', requests = [{ body: '' }], connections, seconds, order = 'once' } = job
  const recorder = new Recorder()
  let connection = 0
  const options: autocannon.Options = {
    url: `${url}${path}`,
    method,
    connections,
    timeout: TIMEOUT_SECONDS,
    ...(seconds === undefined ? { amount: requests.length } : { duration: seconds }),
    // Missing from the type definitions.
    ...{ sampleInt: SAMPLE_MS },
    setupClient: (client) => {
      const own = order === 'once' ? selectShare(requests, connection, connections) : rotate(requests, connection / connections)
      connection++
      // Requests are built before the load starts, so that the generator does not spend time on them during it.
      client.setRequests(own.map((request) => ({
        method,
        path,
        ...(method === 'POST' && { body: request.body, headers: { 'content-type': 'application/json', ...buildAuthHeaders() } }),
        onResponse: (status: number, body: string) => recorder.recordBody(request, status, body)
      })))
    }
  }
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error: Error | null, result) => error === null ? resolve(result) : reject(error))
    // Only now: autocannon has spent a long time building thousands of requests.
    recorder.begin()
    instance.on('response', (_client, status, _bytes, ms) => recorder.recordStatus(status, ms))
  })
  return recorder.toResult({ errors, timeouts })
}

/** Every `count`-th request, starting at `index`. */
function selectShare (requests: readonly LoadRequest[], index: number, count: number): LoadRequest[] {
  const share = requests.filter((_, at) => at % count === index)
  if (share.length === 0) throw new RangeError(`Expected at least one request per connection (${count}), got ${requests.length}`)
  return share
}

function rotate (requests: readonly LoadRequest[], share: number): LoadRequest[] {
  const start = Math.floor(share * requests.length)
  return [...requests.slice(start), ...requests.slice(0, start)]
}
