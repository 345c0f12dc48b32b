import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { virtualEnvironment } from './lib/python.js'
import { startService } from './lib/service.js'

/** Property-based tests made from the OpenAPI document; further arguments go to schemathesis (`-- --seed 1`). */

const CACHE = fileURLToPath(new URL('../.cache', import.meta.url))
const SCRIPTS = fileURLToPath(new URL('.', import.meta.url))
const CONFIG = fileURLToPath(new URL('schemathesis.toml', import.meta.url))

const bin = virtualEnvironment('schemathesis', ['schemathesis==4.32.5'])
const { url, stop } = await startService()
const { status } = spawnSync(`${bin}/st`, ['--config-file', CONFIG, 'run', `${url}/openapi.json`, ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: CACHE,
  env: { ...process.env, PYTHONPATH: SCRIPTS, PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_HOOKS: 'schemathesis_hooks' }
})
await stop()
process.exitCode = status ?? 1
