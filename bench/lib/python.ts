import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../tests/support/free-port.ts'
import type { BenchModel } from './model.ts'
import type { Participant } from './participants.ts'
import { ServerProcess } from './server-process.ts'

const ENVIRONMENT = fileURLToPath(new URL('../../.cache/bench-python', import.meta.url))
const REQUIREMENTS = fileURLToPath(new URL('../python/requirements.txt', import.meta.url))
const SERVER = fileURLToPath(new URL('../python/server.py', import.meta.url))

/** A scenario cannot run on this machine; its message says why. */
export class SkippedError extends Error {}

/** Starts FastAPI with ONNX Runtime. Throws SkippedError where Python or its packages cannot be had. */
export async function startPython (model: BenchModel): Promise<Participant> {
  const server = ServerProcess.spawn([SERVER], await freePort(), { MODEL_DIRECTORY: model.directory }, await pythonProgram())
  await server.ready()
  return { name: 'fastapi', url: server.url, process: server }
}

/** Python in an environment of its own, which is made once with the pinned packages. */
async function pythonProgram (): Promise<string> {
  const program = `${ENVIRONMENT}/bin/python`
  const run = promisify(execFile)
  try {
    if (!existsSync(program)) await run('python3', ['-m', 'venv', ENVIRONMENT])
    // Quick where everything is there already.
    await run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS])
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new SkippedError(`Python packages cannot be had: ${stderr?.trim().split('\n').at(-1) || message}`)
  }
  return program
}
