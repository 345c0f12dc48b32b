import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url))

/**
 * A virtual environment of its own under .cache with these pinned requirements, made where it is missing.
 * Returns the folder of its programs. Ends the process, and says what is missing, where Python or PyPI cannot be had.
 */
export function virtualEnvironment (name, requirements) {
  const directory = `${CACHE}/${name}`
  const bin = `${directory}/bin`
  const marker = `${bin}/${requirements.join('+')}`
  if (existsSync(marker)) return bin
  const python = ['python3', 'python'].find((program) => spawnSync(program, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))']).status === 0)
  if (python === undefined) giveUp(name, 'Python 3.10 or later with its venv module is missing (Debian: apt-get install python3-venv)')
  const steps = [
    [python, '-m', 'venv', '--clear', directory],
    [`${bin}/pip`, 'install', '--quiet', '--disable-pip-version-check', ...requirements]
  ]
  for (const [command, ...args] of steps) {
    const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) giveUp(name, command === python ? 'the virtual environment could not be made (Debian: apt-get install python3-venv)' : `${requirements.join(' ')} could not be installed from PyPI`)
  }
  spawnSync('touch', [marker])
  return bin
}

function giveUp (name, reason) {
  process.stderr.write(`${name} cannot run: ${reason}\n`)
  process.exit(1)
}
