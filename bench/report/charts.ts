import { median, PERCENTILES } from '../lib/statistics.ts'
import { SYSTEMS, type SystemName } from '../lib/systems.ts'
import type { ScenarioResult } from './results.ts'
import { computeMedianRatio, formatNumber, summarizeMeasurements } from './summary.ts'
import { COLOURS, drawBarChart, drawLatencyChart, type ChartGroup, type Curve } from './svg.ts'

/** Draws the charts for which the results suffice; SVG by file name. */
export function drawCharts (results: readonly ScenarioResult[]): Record<string, string> {
  const charts: Record<string, string> = {}
  const throughput = buildThroughputGroups(results)
  if (throughput.length > 0) charts['throughput.svg'] = drawBarChart('Answers per second, by scenario', throughput)
  const share = buildShareGroups(results)
  if (share.length > 0) charts['share-of-limit.svg'] = drawBarChart('Share of the limit; dashed: target', share)
  const curves = buildLatencyCurves(results)
  if (curves.length > 0) charts['latency.svg'] = drawLatencyChart('Latency by percentile', curves)
  return charts
}

const chooseColour = (system: SystemName): string =>
  system === 'service' ? COLOURS.service : system === 'runtime' || system === 'session' || system === 'route' ? COLOURS.limit : COLOURS.baseline

function buildThroughputGroups (results: readonly ScenarioResult[]): ChartGroup[] {
  return results.filter(({ scenario }) => ['miss', 'hit-memory', 'hit-redis', 'zipf', 'long'].includes(scenario)).map((result) => ({
    title: `${result.scenario}: ${result.title}`,
    bars: summarizeMeasurements(result).filter(({ phase }) => phase === result.scenario).map(({ system, figures }) => ({
      label: SYSTEMS[system], value: figures.perSecond ?? 0, text: `${formatNumber(figures.perSecond ?? NaN)}/s`, colour: chooseColour(system)
    }))
  }))
}

const SHARES = [
  { scenario: 'miss', limit: 'runtime', least: 1.2 },
  { scenario: 'miss', limit: 'session', least: undefined },
  { scenario: 'hit-memory', limit: 'route', least: 0.6 },
  { scenario: 'hit-redis', limit: 'route', least: 0.35 }
] as const

function buildShareGroups (results: readonly ScenarioResult[]): ChartGroup[] {
  return SHARES.flatMap(({ scenario, limit, least }) => {
    const result = results.find((item) => item.scenario === scenario)
    const share = result === undefined ? NaN : computeMedianRatio(result.measurements, 'perSecond', ['service', scenario], [limit, scenario])
    if (Number.isNaN(share)) return []
    const bar = { label: 'this service', value: share, text: `${(share * 100).toFixed(1)} %`, colour: COLOURS.service }
    return [{ title: scenario, ...(least !== undefined && { mark: least }), bars: [bar, { label: SYSTEMS[limit], value: 1, text: '100 %', colour: COLOURS.limit }] }]
  })
}

function buildLatencyCurves (results: readonly ScenarioResult[]): Curve[] {
  return ['hit-memory', 'hit-redis', 'miss'].flatMap((scenario) => {
    const measurements = results.find((item) => item.scenario === scenario)?.measurements ?? []
    const systems = [...new Set(measurements.filter(({ load }) => load !== undefined).map(({ system }) => system))]
    return systems.filter((system) => system !== 'route' || scenario === 'hit-memory').map((system) => ({
      label: `${scenario}: ${SYSTEMS[system].slice(0, 16)}`,
      colour: chooseColour(system),
      dashed: system !== 'service',
      points: PERCENTILES.map((percent) => [percent, median(measurements.flatMap((item) =>
        item.system === system && item.load !== undefined ? [item.load.latency[`p${percent}`] ?? NaN] : []))] as const)
    }))
  })
}
