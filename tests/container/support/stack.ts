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
 * The Compose files to use in `checkout`. A build gets the host's network, since a machine's own resolver and package
 * mirror need not be reachable from a bridge, and a container can name this machine as `host.docker.internal`.
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

/** One Compose project with a name and a port of its own, driven by make as a person would. */
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

  /** Runs JavaScript in the service's container and gives back what it printed, read as JSON. */
  async evaluate<T> (script: string, service = 'api'): Promise<T> {
    return JSON.parse(await docker('exec', await this.container(service), 'node', '-e', script)) as T
  }

  async health (): Promise<{ code: number, body: Health }> {
    const response = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(5000) })
    return { code: response.status, body: await response.json() as Health }
  }

  async untilStatus (status: string, timeout = 60_000): Promise<Health> {
    return await waitFor(`/health to say ${status}`, async () => {
      const { body } = await this.health()
      return body.status === status ? body : undefined
    }, timeout, 25)
  }

  /** The health that Docker itself has found. */
  async untilHealthy (service: string, timeout = 60_000): Promise<void> {
    const id = await this.container(service)
    await waitFor(`${service} to be healthy`, async () =>
      await docker('inspect', '--format', '{{ .State.Health.Status }}', id) === 'healthy' ? true : undefined, timeout)
  }

  /**
   * Stops and starts the service's container; gives back the milliseconds from `docker start` until /health says ok.
   * The least of up to `tries`, since what else the machine does only adds to it; the first within `bar` is enough.
   */
  async secondStart (bar: number, tries = 3): Promise<number> {
    const id = await this.container('api')
    let least = Infinity
    for (let index = 0; index < tries && least > bar; index++) {
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
    if (response.status !== 200) throw new Error(`/predict answered ${response.status}: ${await response.text()}`)
    return await response.json() as Prediction
  }

  async remove (): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans', '--timeout', '3')
  }
}
