import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../../tests/support/server-process.ts'

const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url))

/** Starts the built service with the embedded model on a free port, and waits until it is healthy. */
export async function startService (env: Record<string, string> = {}): Promise<ServerProcess> {
  return await ServerProcess.start([SERVER], { MODEL_NAME: 'compact', ...env })
}
