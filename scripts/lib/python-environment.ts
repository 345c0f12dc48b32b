import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url))
const CHECK_VERSION = 'import sys, venv; sys.exit(sys.version_info < (3, 10))'

/** Python, or a package from PyPI, is not available; the message names it. */
export class PythonUnavailableError extends Error {}

/**
 * Creates the virtual environment `.cache/NAME` with pinned requirements, or reuses it if they have not changed.
 * @returns the directory of its programs
 * @throws {PythonUnavailableError} without Python 3.10, its venv module, or PyPI
 */
export function createPythonEnvironment (name: string, requirements: readonly string[]): string {
  const directory = `${CACHE}/${name}`
  const bin = `${directory}/bin`
  // Written last, so that an interrupted installation is repeated.
  const marker = `${directory}/requirements.txt`
  const content = `${requirements.join('\n')}\n`
  if (existsSync(marker) && readFileSync(marker, 'utf8') === content) return bin
  const python = ['python3', 'python'].find((program) => spawnSync(program, ['-c', CHECK_VERSION]).status === 0)
  if (python === undefined) throw new PythonUnavailableError('Python 3.10 or later with its venv module is missing (Debian: apt-get install python3-venv)')
  if (!run(python, ['-m', 'venv', '--clear', directory])) throw new PythonUnavailableError('python -m venv failed (Debian: apt-get install python3-venv)')
  if (!run(`${bin}/pip`, ['install', '--quiet', '--disable-pip-version-check', ...requirements])) {
    throw new PythonUnavailableError(`${requirements.join(', ')} could not be installed from PyPI`)
  }
  writeFileSync(marker, content)
  return bin
}

/** As createPythonEnvironment, but ends the process with a message if Python is not available. */
export function requirePythonEnvironment (name: string, requirements: readonly string[]): string {
  try {
    return createPythonEnvironment(name, requirements)
  } catch (error) {
    if (!(error instanceof PythonUnavailableError)) throw error
    process.stderr.write(`Cannot create the Python environment ${name}: ${error.message}\n`)
    process.exit(1)
  }
}

function run (command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}
