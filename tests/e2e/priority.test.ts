import { readdirSync, readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { ServerProcess } from '../support/server-process.ts'

const SERVER = new URL('../../dist/server.js', import.meta.url).pathname

/** The nice values of a process's threads. Source: proc_pid_stat(5), field 19. */
function niceValues (pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]))
}

it.runIf(process.platform === 'linux')('a service that was started with a lower priority loads its model and keeps that priority', async () => {
  const server = await ServerProcess.start(['-n', '10', process.execPath, SERVER], { MODEL_NAME: 'compact' }, 'nice')
  onTestFinished(async () => { await server.stop() })
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  expect(Math.min(...niceValues(server.pid))).toBeGreaterThanOrEqual(10)
})
