import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { docker, run, type Outcome } from './run.ts'
import { waitFor } from './wait.ts'

export interface Health {
  status: string
  version: string
  model: { name: string | null }
  workers: { ready: number, total: number }
  cache: { redis: string }
}

export interface Prediction {
  label: string
  score: number
  model: string
}

export interface StackOptions {
  checkout: string
  tag: string
  env?: Record<string, string>
}

let stacks = 0

/**
 * Writes an override and returns Compose's file options for `checkout`. Builds use the host's network, because the machine's
 * resolver and package mirror may be unreachable from a bridge; containers reach this machine as `host.docker.internal`.
 */
export async function buildOverride (checkout: string): Promise<string> {
  const file = join(checkout, 'docker-compose.test.yml')
  await writeFile(file, `services:
  api:
    build:
      network: host
    extra_hosts:
      - host.docker.internal:host-gateway
`)
  return `-f docker/docker-compose.yml -f ${file}`
}

/** One Compose project with its own name and port, driven through make as a user would. */
export class Stack {
  readonly project: string
  readonly url: string
  readonly env: Record<string, string>
  readonly #checkout: string

  private constructor (checkout: string, project: string, env: Record<string, string>) {
    this.#checkout = checkout
    this.project = project
    this.env = env
    this.url = `http://127.0.0.1:${env.API_PORT}`
  }

  static async create ({ checkout, tag, env = {} }: StackOptions): Promise<Stack> {
    const project = `sentiment-test-${process.pid}-${stacks++}`
    return new Stack(checkout, project, {
      COMPOSE_PROJECT_NAME: project,
      COMPOSE_FILES: await buildOverride(checkout),
      API_PORT: String(await freePort()),
      IMAGE_TAG: tag,
      MODEL_NAME: 'compact',
      UP_TIMEOUT: '120',
      ...env
    })
  }

  async make (...args: string[]): Promise<Outcome> {
    return await run('make', args, { cwd: this.#checkout, env: this.env })
  }

  async compose (...args: string[]): Promise<Outcome> {
    const files = this.env.COMPOSE_FILES?.split(' ') ?? []
    return await run('docker', ['compose', '--env-file', '.env', ...files, ...args], { cwd: this.#checkout, env: this.env })
  }

  async container (service: string): Promise<string> {
    return (await this.compose('ps', '--all', '--quiet', service)).stdout.trim()
  }

  /** Runs JavaScript in the service's container and parses its output as JSON. */
  async evaluate<T> (script: string, service = 'api'): Promise<T> {
    return JSON.parse(await docker('exec', await this.container(service), 'node', '-e', script)) as T
  }

  async health (): Promise<{ code: number, body: Health }> {
    const response = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(5000) })
    return { code: response.status, body: await response.json() as Health }
  }

  async untilStatus (status: string, timeout = 60_000): Promise<Health> {
    return await waitFor(`/health to answer ${status}`, async () => {
      const { body } = await this.health()
      return body.status === status ? body : undefined
    }, timeout, 25)
  }

  /** Waits until Docker's own health check succeeds. */
  async untilHealthy (service: string, timeout = 60_000): Promise<void> {
    const id = await this.container(service)
    await waitFor(`${service} to be healthy`, async () =>
      await docker('inspect', '--format', '{{ .State.Health.Status }}', id) === 'healthy' ? true : undefined, timeout)
  }

  /**
   * Stops and starts the service's container, and returns the milliseconds from `docker start` until /health answers ok.
   * Tries up to `tries` times until the time is within `target` and returns the minimum: other load only adds to it.
   */
  async secondStart (target: number, tries = 3): Promise<number> {
    const id = await this.container('api')
    let least = Infinity
    for (let index = 0; index < tries && least > target; index++) {
      await docker('stop', id)
      const began = performance.now()
      await docker('start', id)
      await this.untilStatus('ok')
      least = Math.min(least, performance.now() - began)
    }
    return least
  }

  async predict (text: string): Promise<Prediction> {
    const response = await fetch(`${this.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ text }),
      signal: AbortSignal.timeout(15_000)
    })
    if (response.status !== 200) throw new Error(`POST /predict answered ${response.status}: ${await response.text()}`)
    return await response.json() as Prediction
  }

  async remove (): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans', '--timeout', '3')
  }
}
