import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { requirePythonEnvironment } from './lib/python-environment.ts'
import { startService } from './lib/service.ts'

/** Runs the Python examples of docs/clients.md against the service. */

const EXAMPLES = fileURLToPath(new URL('../docs/examples', import.meta.url))

const bin = requirePythonEnvironment('python-clients', ['huggingface_hub==2.4.0', 'requests==2.34.2'])
const service = await startService()
for (const example of ['with_requests.py', 'with_huggingface_hub.py']) {
  process.stdout.write(`${example}:\n`)
  const { status } = spawnSync(`${bin}/python`, [`${EXAMPLES}/${example}`], { stdio: 'inherit', env: { ...process.env, SENTIMENT_URL: service.url } })
  if (status !== 0) process.exitCode = 1
}
await service.stop()
