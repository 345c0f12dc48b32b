import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { freePort } from './free-port.ts'

const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url))

export interface Answer {
  status: number
  body: { status: string, code: string, label: string, model: string & { name: string | null, fallback: boolean }, cached: boolean, scores: Record<string, number> }
}

/** A process of the built service, on a port of its own. Killed when the test ends, if it still runs. */
export class Service {
  readonly port: number
  readonly #child: ChildProcess
  /** Everything that it wrote, line by line. */
  readonly lines: string[] = []

  private constructor (port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => this.lines.push(line))
    }
  }

  /** @param uid user and group of the process, which only root may choose */
  static async start (env: Record<string, string> = {}, uid?: number): Promise<Service> {
    const port = await freePort()
    // A working directory without an .env file.
    const cwd = await mkdtemp(join(tmpdir(), 'service-'))
    if (uid !== undefined) await chown(cwd, uid, uid)
    const child = spawn(process.execPath, [SERVER], {
      cwd,
      ...(uid !== undefined && { uid, gid: uid }),
      env: { PATH: process.env.PATH ?? '', API_PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const service = new Service(port, child)
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(cwd, { recursive: true, force: true })
    })
    return service
  }

  get pid (): number {
    return this.#child.pid as number
  }

  signal (name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** The exit code, once the process has ended; null if a signal killed it. */
  async exited (): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  /** The signal that killed the process, once it has ended. */
  async killedBy (): Promise<NodeJS.Signals | null> {
    await this.exited()
    return this.#child.signalCode
  }

  async get (path: string): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`)
    return { status: response.status, body: await response.json() as Answer['body'] }
  }

  async predict (text: string): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/predict`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text })
    })
    return { status: response.status, body: await response.json() as Answer['body'] }
  }

  /** Waits at most `timeout` milliseconds until `/health` has this status and, if given, this model answers. */
  async until (status: string, model?: string, timeout = 60_000): Promise<void> {
    await vi.waitFor(async () => {
      const { body } = await this.get('/health')
      if (body.status !== status || (model !== undefined && body.model.name !== model)) throw new Error(`not yet: ${JSON.stringify(body)}`)
    }, { timeout, interval: 25 })
  }
}
