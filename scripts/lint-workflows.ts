import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createPythonEnvironment, PythonUnavailableError } from './lib/python-environment.ts'

/** Checks .github/ with actionlint (from PATH, or built with Go) and zizmor (from PyPI). Names a tool that it has to skip. */

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'
const ZIZMOR = 'zizmor==1.32.0'
const CACHE = fileURLToPath(new URL('../.cache/actionlint-1.7.12', import.meta.url))

function check (name: string, command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) {
    process.stdout.write(`${name}: no problem\n`)
    return
  }
  process.stderr.write(`${stdout}${stderr}`)
  process.exitCode = 1
}

/** Path of actionlint; undefined if it is neither installed nor can be built. */
function findActionlint (): string | undefined {
  if (spawnSync('actionlint', ['-version'], { stdio: 'ignore' }).status === 0) return 'actionlint'
  const built = `${CACHE}/actionlint`
  if (existsSync(built)) return built
  const { status } = spawnSync('go', ['install', ACTIONLINT], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, GOBIN: CACHE } })
  return status === 0 ? built : undefined
}

const actionlint = findActionlint()
if (actionlint === undefined) process.stderr.write('actionlint skipped: install it, or install Go to build it\n')
else check('actionlint', actionlint)

try {
  check('zizmor', `${createPythonEnvironment('zizmor', [ZIZMOR])}/zizmor`, '--offline', '--quiet', '.github')
} catch (error) {
  if (!(error instanceof PythonUnavailableError)) throw error
  process.stderr.write(`zizmor skipped: ${error.message}\n`)
}
