import autocannon from 'autocannon'
import type { LoadJob, LoadRequest, LoadResult } from './load.ts'
import { Recorder } from './recorder.ts'

/** Seconds until a request counts as never answered: longer than any deadline of the service in a scenario. */
const TIMEOUT_SECONDS = 120
/** autocannon looks this often, in milliseconds, whether it is time to stop. */
const SAMPLE_MS = 100

/** Sends a load with autocannon: every connection sends its next request when its last one was answered. */
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
    // Typed for the command line only.
    ...{ sampleInt: SAMPLE_MS },
    setupClient: (client) => {
      const own = order === 'once' ? shareOf(requests, connection, connections) : rotated(requests, connection / connections)
      connection++
      // Requests that are made before the run cost the generator nothing while it runs.
      client.setRequests(own.map((request) => ({
        method,
        path,
        ...(method === 'POST' && { body: request.body, headers: { 'content-type': 'application/json' } }),
        onResponse: (status: number, body: string) => recorder.answer(request, status, body)
      })))
    }
  }
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error: Error | null, result) => error === null ? resolve(result) : reject(error))
    // autocannon has built every request by now, which takes long for thousands of them.
    recorder.begin()
    instance.on('response', (_client, status, _bytes, ms) => recorder.response(status, ms))
  })
  return recorder.result({ errors, timeouts })
}

/** Every `count`-th request, from the one at `index` on. */
function shareOf (requests: readonly LoadRequest[], index: number, count: number): LoadRequest[] {
  const share = requests.filter((_, at) => at % count === index)
  if (share.length === 0) throw new RangeError(`Expected at least ${count} requests for as many connections, got ${requests.length}`)
  return share
}

function rotated (requests: readonly LoadRequest[], share: number): LoadRequest[] {
  const start = Math.floor(share * requests.length)
  return [...requests.slice(start), ...requests.slice(0, start)]
}
