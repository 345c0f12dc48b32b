import { PARTICIPANTS, type ParticipantName } from '../lib/participants.ts'
import type { ScenarioResult } from '../lib/results.ts'
import { median, PERCENTILES } from '../lib/statistics.ts'
import { medianRatio, rowsOf, short } from './summary.ts'
import { barChart, COLOURS, latencyChart, type ChartGroup, type Curve } from './svg.ts'

/** The pictures that the results suffice for, by file name. */
export function picturesOf (results: readonly ScenarioResult[]): Record<string, string> {
  const pictures: Record<string, string> = {}
  const throughput = throughputGroups(results)
  if (throughput.length > 0) pictures['throughput.svg'] = barChart('Answers a second, by scenario', throughput)
  const share = shareGroups(results)
  if (share.length > 0) pictures['share-of-limit.svg'] = barChart('Share of the limit that is reached; dashed: what must be reached', share)
  const curves = latencyCurves(results)
  if (curves.length > 0) pictures['latency.svg'] = latencyChart('Latency by percentile', curves)
  return pictures
}

const colourOf = (participant: ParticipantName): string =>
  participant === 'service' ? COLOURS.service : participant === 'runtime' || participant === 'session' || participant === 'route' ? COLOURS.ceiling : COLOURS.peer

function throughputGroups (results: readonly ScenarioResult[]): ChartGroup[] {
  return results.filter(({ scenario }) => ['miss', 'hit-memory', 'hit-redis', 'zipf', 'long'].includes(scenario)).map((result) => ({
    title: `${result.scenario}: ${result.title}`,
    bars: rowsOf(result).filter(({ phase }) => phase === result.scenario).map(({ participant, figures }) => ({
      label: PARTICIPANTS[participant], value: figures.perSecond ?? 0, text: `${short(figures.perSecond ?? NaN)}/s`, colour: colourOf(participant)
    }))
  }))
}

const SHARES = [
  { scenario: 'miss', limit: 'runtime', least: 0.95 },
  { scenario: 'miss', limit: 'session', least: undefined },
  { scenario: 'hit-memory', limit: 'route', least: 0.6 },
  { scenario: 'hit-redis', limit: 'route', least: 0.35 }
] as const

function shareGroups (results: readonly ScenarioResult[]): ChartGroup[] {
  return SHARES.flatMap(({ scenario, limit, least }) => {
    const result = results.find((item) => item.scenario === scenario)
    const share = result === undefined ? NaN : medianRatio(result.runs, 'perSecond', ['service', scenario], [limit, scenario])
    if (Number.isNaN(share)) return []
    const bar = { label: 'this service', value: share, text: `${(share * 100).toFixed(1)} %`, colour: COLOURS.service }
    return [{ title: scenario, ...(least !== undefined && { mark: least }), bars: [bar, { label: PARTICIPANTS[limit], value: 1, text: '100 %', colour: COLOURS.ceiling }] }]
  })
}

function latencyCurves (results: readonly ScenarioResult[]): Curve[] {
  return ['hit-memory', 'hit-redis', 'miss'].flatMap((scenario) => {
    const runs = results.find((item) => item.scenario === scenario)?.runs ?? []
    const participants = [...new Set(runs.filter(({ load }) => load !== undefined).map(({ participant }) => participant))]
    return participants.filter((participant) => participant !== 'route' || scenario === 'hit-memory').map((participant) => ({
      label: `${scenario}: ${PARTICIPANTS[participant].slice(0, 16)}`,
      colour: colourOf(participant),
      dashed: participant !== 'service',
      points: PERCENTILES.map((percent) => [percent, median(runs.flatMap((run) =>
        run.participant === participant && run.load !== undefined ? [run.load.latency[`p${percent}`] ?? NaN] : []))] as const)
    }))
  })
}
