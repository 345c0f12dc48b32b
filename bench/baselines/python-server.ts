import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createPythonEnvironment, PythonUnavailableError } from '../../scripts/lib/python-environment.ts'
import { ServerProcess } from '../../tests/support/server-process.ts'
import type { BenchModel } from '../lib/model.ts'
import type { System } from '../lib/systems.ts'

const REQUIREMENTS = fileURLToPath(new URL('python/requirements.txt', import.meta.url))
const SERVER = fileURLToPath(new URL('python/server.py', import.meta.url))

/** A scenario cannot run on this machine; the message is the reason. */
export class SkippedError extends Error {}

/** Starts FastAPI with ONNX Runtime. Throws SkippedError if Python or its packages are not available. */
export async function startPython (model: BenchModel): Promise<System> {
  const server = await ServerProcess.start([SERVER], { MODEL_DIRECTORY: model.directory }, prepareProgram())
  return { name: 'fastapi', url: server.url, process: server }
}

function prepareProgram (): string {
  try {
    const requirements = readFileSync(REQUIREMENTS, 'utf8').trim().split('\n')
    return `${createPythonEnvironment('bench-python', requirements)}/python`
  } catch (error) {
    if (!(error instanceof PythonUnavailableError)) throw error
    throw new SkippedError(error.message)
  }
}
