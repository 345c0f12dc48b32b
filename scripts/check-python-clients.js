import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { virtualEnvironment } from './lib/python.js'
import { startService } from './lib/service.js'

/** Runs the Python examples of docs/clients.md against the service. */

const examples = fileURLToPath(new URL('../docs/examples', import.meta.url))

const bin = virtualEnvironment('python-clients', ['huggingface_hub==2.4.0', 'requests==2.34.2'])
const { url, stop } = await startService()
for (const example of ['with_requests.py', 'with_huggingface_hub.py']) {
  process.stdout.write(`${example}:\n`)
  const { status } = spawnSync(`${bin}/python`, [`${examples}/${example}`], { stdio: 'inherit', env: { ...process.env, SENTIMENT_URL: url } })
  if (status !== 0) process.exitCode = 1
}
await stop()
