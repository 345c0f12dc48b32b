import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { endWithProcess } from '../../tests/support/end-with-process.ts'

const READY_MS = 120_000
const POLL_MS = 20

/** A process that listens on 127.0.0.1. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor (child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}`
  }

  /** Starts Node, or another program, with `args`; it is given its port as API_PORT. Returns before it listens. */
  static spawn (args: string[], port: number, env: Record<string, string>, program = process.execPath): ServerProcess {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', LOG_LEVEL: 'warn', API_PORT: String(port), ...env },
      stdio: ['ignore', 'inherit', 'inherit']
    })
    endWithProcess(child)
    return new ServerProcess(child, port)
  }

  /** Waits until `/health` is answered with 200. */
  async ready (): Promise<void> {
    const until = performance.now() + READY_MS
    while (!await fetch(`${this.url}/health`).then(({ ok }) => ok, () => false)) {
      if (this.#child.exitCode !== null || performance.now() > until) throw new Error(`${this.#child.spawnargs.join(' ')} did not become ready`)
      await delay(POLL_MS)
    }
  }

  /** Of the process; 0 where it could not be started. */
  get pid (): number {
    return this.#child.pid ?? 0
  }

  /** Resident memory in MiB; NaN where there is no /proc. */
  residentMiB (): Promise<number> {
    return this.#memory('VmRSS')
  }

  /** The most resident memory since the process started, in MiB; NaN where there is no /proc. */
  peakMiB (): Promise<number> {
    return this.#memory('VmHWM')
  }

  async #memory (field: string): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8').catch(() => '')
    return Number(new RegExp(`${field}:\\s*(\\d+)`).exec(status)?.[1]) / 1024
  }

  async stop (): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}
