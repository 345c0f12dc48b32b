import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { endWithProcess } from './end-with-process.ts'
import { freePort } from './free-port.ts'

const READY_MS = 120_000
const POLL_MS = 20

/** A server in a child process that listens on 127.0.0.1 and serves `/health`. Stopped with this process at the latest. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor (child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}`
  }

  /**
   * Starts Node, or another program, on a free port and waits until it is healthy.
   * @throws {Error} if the process exits or is not healthy within two minutes
   */
  static async start (args: string[], env: Record<string, string> = {}, program?: string): Promise<ServerProcess> {
    const server = ServerProcess.spawn(args, await freePort(), env, program)
    try {
      await server.ready()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** Starts Node, or another program, with `args` and API_PORT set to `port`. Returns before the server listens. */
  static spawn (args: string[], port: number, env: Record<string, string>, program = process.execPath): ServerProcess {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', LOG_LEVEL: 'warn', API_PORT: String(port), ...env },
      stdio: ['ignore', 'inherit', 'inherit']
    })
    // `exitCode` stays null if the program could not be started: the loop in `ready` reports it.
    child.on('error', () => {})
    endWithProcess(child)
    return new ServerProcess(child, port)
  }

  /** Waits until `/health` answers with a 2xx status. Throws if the process exits or the wait exceeds two minutes. */
  async ready (): Promise<void> {
    const deadline = performance.now() + READY_MS
    while (!await fetch(`${this.url}/health`).then(({ ok }) => ok, () => false)) {
      if (this.#ended || performance.now() > deadline) throw new Error(`${this.#child.spawnargs.join(' ')} did not become healthy`)
      await delay(POLL_MS)
    }
  }

  /** Process id; 0 if the process could not be started. */
  get pid (): number {
    return this.#child.pid ?? 0
  }

  /** Resident memory in MiB; NaN without /proc. */
  residentMiB (): Promise<number> {
    return this.#readMemory('VmRSS')
  }

  /** Peak resident memory since the process started, in MiB; NaN without /proc. */
  peakMiB (): Promise<number> {
    return this.#readMemory('VmHWM')
  }

  /** Sends SIGTERM and waits for the exit. */
  async stop (): Promise<void> {
    if (this.#ended) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }

  get #ended (): boolean {
    const { pid, exitCode, signalCode } = this.#child
    return pid === undefined || exitCode !== null || signalCode !== null
  }

  async #readMemory (field: string): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8').catch(() => '')
    return Number(new RegExp(`${field}:\\s*(\\d+)`).exec(status)?.[1]) / 1024
  }
}
