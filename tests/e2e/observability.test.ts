import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { promtool } from '../support/prometheus.ts'
import { PrometheusServer } from '../support/prometheus-server.ts'
import { TestRedis } from '../support/redis.ts'
import { Service } from '../support/service.ts'

const FOLDER = 'docker/observability'

interface Panel {
  title: string
  targets?: { expr: string }[]
}

/** Every query of the dashboard as Grafana would send it. */
function dashboardQueries (): [panel: string, query: string][] {
  const { panels } = JSON.parse(readFileSync(`${FOLDER}/grafana/dashboards/sentiment.json`, 'utf8')) as { panels: Panel[] }
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr.replaceAll('$__rate_interval', '5s').replaceAll('$instance', '.*')]))
}

/** Keeps the service busy with known and new texts, and with some that it rejects, until it is stopped. */
function load (service: Service): () => Promise<void> {
  const stop = new AbortController()
  const client = async (name: number): Promise<void> => {
    for (let count = 0; !stop.signal.aborted; count++) await service.predict(count % 5 === 4 ? ' ' : `text ${name} ${count >> 1}`)
  }
  const clients = Promise.all([client(1), client(2), client(3)])
  return async () => {
    stop.abort()
    await clients
  }
}

describe('Prometheus and Grafana', () => {
  it('have data for every query of the dashboard under load, and evaluate every alert', { timeout: 60_000 }, async () => {
    const redis = await TestRedis.start()
    onTestFinished(() => redis.close())
    const metricsPort = await freePort()
    const service = await Service.start({ MODEL_NAME: 'compact', REDIS_URL: redis.url, METRICS_PORT: String(metricsPort), API_KEYS: '' })
    await service.until('ok')
    const prometheus = await PrometheusServer.start(metricsPort)
    const stop = load(service)
    const queries = dashboardQueries()
    expect(queries.length).toBeGreaterThan(30)
    const empty = async (): Promise<string[]> => {
      const results = await Promise.all(queries.map(async ([panel, query]) => ({ name: `${panel}: ${query}`, samples: await prometheus.query(query) })))
      return results.filter(({ samples }) => !samples.some(({ value }) => Number.isFinite(Number(value[1])))).map(({ name }) => name)
    }
    await vi.waitFor(async () => { expect(await empty()).toEqual([]) }, { timeout: 40_000, interval: 500 })
    const rules = await vi.waitFor(async () => {
      const found = await prometheus.rules()
      expect(found.filter(({ health }) => health === 'unknown')).toEqual([])
      return found
    }, { timeout: 20_000, interval: 200 })
    expect(rules.length).toBeGreaterThan(8)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    await stop()
  })

  it('fire every alert under its condition, and only then', () => {
    expect(promtool(['check', 'config', `${FOLDER}/prometheus.yml`])).toMatchObject({ clean: true })
    const { clean, output } = promtool(['test', 'rules', `${FOLDER}/rules.test.yml`, `${FOLDER}/rules.days.test.yml`])
    expect(clean, output).toBe(true)
  })

  it('query only series that the service has', async () => {
    const service = await Service.start({ MODEL_NAME: 'compact' })
    await service.until('ok')
    const response = await fetch(`http://127.0.0.1:${service.port}/metrics`)
    const shown = new Set((await response.text()).match(/^(?:sentiment|nodejs|process)_[a-z0-9_]+/gm))
    const rules = readFileSync(`${FOLDER}/rules.yml`, 'utf8')
    const recorded = new Set([...rules.matchAll(/- record: (\S+)/g)].map(([, name]) => name as string))
    const used = new Set(`${JSON.stringify(dashboardQueries())} ${rules}`.match(/\b(?:sentiment|nodejs|process)_[a-z0-9_]+/g))
    expect([...used].filter((name) => !shown.has(name) && !recorded.has(name))).toEqual([])
  })
})
