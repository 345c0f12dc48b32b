import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requirePythonEnvironment } from './lib/python-environment.ts'
import { startService } from './lib/service.ts'

/**
 * Runs the Python examples of docs/clients.md against the service, and checks that huggingface_hub sends one request per call
 * to an overloaded service.
 */

const EXAMPLES = fileURLToPath(new URL('../docs/examples', import.meta.url))
const OVERLOADED_CLIENT = fileURLToPath(new URL('./overloaded_client.py', import.meta.url))
const OVERLOADED = { QUEUE_LIMIT: '1', MAX_BATCH_SIZE: '1', INFERENCE_WORKERS: '1', CACHE_MAX_ENTRIES: '0' }
const BUSY_CONNECTIONS = 4

const python = `${requirePythonEnvironment('python-clients', ['huggingface_hub==2.4.0', 'requests==2.34.2'])}/python`

async function runExamples (): Promise<void> {
  const service = await startService()
  for (const example of ['with_requests.py', 'with_huggingface_hub.py']) {
    process.stdout.write(`${example}:\n`)
    const { status } = spawnSync(python, [`${EXAMPLES}/${example}`], { stdio: 'inherit', env: { ...process.env, SENTIMENT_URL: service.url } })
    if (status !== 0) process.exitCode = 1
  }
  await service.stop()
}

async function checkOverload (): Promise<void> {
  const service = await startService(OVERLOADED)
  const done = new AbortController()
  const busy = Array.from({ length: BUSY_CONNECTIONS }, async (_, connection) => {
    for (let count = 0; !done.signal.aborted; count++) {
      const body = JSON.stringify({ text: `${connection} ${count} ${'long '.repeat(400)}` })
      await fetch(`${service.url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((response) => response.text())
    }
  })
  const { stdout } = await promisify(execFile)(python, [OVERLOADED_CLIENT], { env: { ...process.env, SENTIMENT_URL: service.url } })
  done.abort()
  await Promise.all(busy)
  const [calls, status] = stdout.trim().split(' ')
  const metrics = await fetch(`${service.url}/metrics`).then((response) => response.text())
  const requests = [...metrics.matchAll(/^sentiment_http_requests_total\{(?=[^}]*method="POST")(?=[^}]*route="\/")[^}]*\} (\d+)/gm)]
    .reduce((sum, [, count]) => sum + Number(count), 0)
  process.stdout.write(`overload: ${calls} calls of huggingface_hub were ${requests} requests; the last one failed with ${status}\n`)
  if (status !== '429' || requests !== Number(calls)) process.exitCode = 1
  await service.stop()
}

await runExamples()
await checkOverload()
