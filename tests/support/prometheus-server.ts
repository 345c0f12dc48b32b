import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { needPrometheus } from './prometheus.ts'

const FOLDER = 'docker/observability'

/** One sample of an instant query. */
export interface Sample {
  metric: Record<string, string>
  value: [time: number, value: string]
}

/** A real Prometheus that scrapes one service with the project's own configuration and rules, but more often. */
export class PrometheusServer {
  readonly #url: string

  private constructor (url: string) {
    this.#url = url
  }

  /** @param metricsPort port on which the service serves its metrics */
  static async start (metricsPort: number): Promise<PrometheusServer> {
    needPrometheus()
    const directory = await mkdtemp(join(tmpdir(), 'prometheus-'))
    const config = (await readFile(`${FOLDER}/prometheus.yml`, 'utf8'))
      .replaceAll('10s', '250ms')
      .replace('api:9464', `127.0.0.1:${metricsPort}`)
    await writeFile(join(directory, 'prometheus.yml'), config)
    await writeFile(join(directory, 'rules.yml'), await readFile(`${FOLDER}/rules.yml`))
    const port = await freePort()
    const child = spawn('prometheus', [
      `--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'
    ], { stdio: ['ignore', 'inherit', 'inherit'] })
    onTestFinished(async () => {
      if (child.exitCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(directory, { recursive: true, force: true })
    })
    const server = new PrometheusServer(`http://127.0.0.1:${port}`)
    await vi.waitFor(async () => { await server.query('up == 1') }, { timeout: 20_000, interval: 100 })
    return server
  }

  /** The current samples of an expression. Throws if Prometheus cannot evaluate it. */
  async query (expression: string): Promise<Sample[]> {
    const response = await fetch(`${this.#url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expression }) })
    const { status, error, data } = await response.json() as { status: string, error?: string, data?: { result: Sample[] } }
    if (status !== 'success' || data === undefined) throw new Error(`${expression}: ${error}`)
    return data.result
  }

  /** The alert rules, with what Prometheus makes of them. */
  async rules (): Promise<{ name: string, query: string, health: string }[]> {
    const response = await fetch(`${this.#url}/api/v1/rules`)
    const { data } = await response.json() as { data: { groups: { rules: { name: string, query: string, health: string }[] }[] } }
    return data.groups.flatMap(({ rules }) => rules)
  }
}
