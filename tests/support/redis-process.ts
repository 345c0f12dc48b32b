import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { endWithProcess } from './end-with-process.ts'
import { freePort } from './free-port.ts'

/** A separate Redis server, which tests may kill, stop and start again. */
export class RedisProcess {
  readonly port: number
  readonly #program: string
  readonly #directory: string
  readonly #arguments: string[]
  #process: ChildProcess | undefined

  private constructor (program: string, port: number, directory: string, args: string[]) {
    this.port = port
    this.#program = program
    this.#directory = directory
    this.#arguments = args
  }

  /** Starts `program`, a redis-server or valkey-server, with these arguments beside its own. */
  static async start (program: string, args: string[] = []): Promise<RedisProcess> {
    const redis = new RedisProcess(program, await freePort(), await mkdtemp(join(tmpdir(), 'redis-')), args)
    await redis.start()
    return redis
  }

  get url (): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts the server, again if it was killed, and waits until it answers. */
  async start (): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#directory]
    this.#process = spawn(this.#program, [...options, ...this.#arguments], { stdio: ['ignore', 'pipe', 'inherit'] })
    endWithProcess(this.#process)
    const { stdout } = this.#process
    // The listener stays: a server whose output is not read would block once the pipe is full.
    await new Promise<void>((resolve) => stdout?.on('data', (line) => {
      if (String(line).includes('eady to accept connections')) resolve()
    }))
  }

  /** A client to inspect the server with. */
  client (url = this.url): Redis {
    return new Redis(url)
  }

  /** Suspends the process: connections stay open, and no command is answered. */
  hang (): void {
    this.#process?.kill('SIGSTOP')
  }

  resume (): void {
    this.#process?.kill('SIGCONT')
  }

  async kill (): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async close (): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
