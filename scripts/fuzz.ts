import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { requirePythonEnvironment } from './lib/python-environment.ts'
import { startService } from './lib/service.ts'

/** Runs property-based tests generated from the OpenAPI document. Arguments are passed to schemathesis (`-- --seed 1`). */

const CACHE = fileURLToPath(new URL('../.cache', import.meta.url))
const SCRIPTS = fileURLToPath(new URL('.', import.meta.url))
const CONFIG = fileURLToPath(new URL('schemathesis.toml', import.meta.url))

const bin = requirePythonEnvironment('schemathesis', ['schemathesis==4.32.5'])
const service = await startService()
const { status } = spawnSync(`${bin}/st`, ['--config-file', CONFIG, 'run', `${service.url}/openapi.json`, ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: CACHE,
  env: { ...process.env, PYTHONPATH: SCRIPTS, PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_HOOKS: 'schemathesis_hooks' }
})
await service.stop()
process.exitCode = status ?? 1
