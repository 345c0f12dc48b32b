import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'

const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url))
const READY_MS = 60_000

export interface BenchService {
  url: string
  stop: () => Promise<void>
}

/** Starts the built service on `port` and waits until it answers predictions. */
export async function startService (port: number, env: Record<string, string>): Promise<BenchService> {
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH ?? '', API_PORT: String(port), LOG_LEVEL: 'warn', MODEL_NAME: 'compact', ...env },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  const url = `http://127.0.0.1:${port}`
  const until = performance.now() + READY_MS
  while (!await fetch(`${url}/health`).then(({ ok }) => ok, () => false)) {
    if (child.exitCode !== null || performance.now() > until) throw new Error('The service did not become ready')
    await delay(50)
  }
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}
