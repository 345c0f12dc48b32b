import type { MachineReport } from './machine-report.ts'
import { formatNumber } from './summary.ts'

interface Claim {
  claim: string
  /** Scenario, the beginning of the target's `what`, and how to phrase the measured value. */
  figures: readonly (readonly [scenario: string, what: string, phrase: (measured: string) => string])[]
}

const keep = (measured: string): string => measured

const CLAIMS: readonly Claim[] = [
  {
    claim: 'Throughput for new texts',
    figures: [
      ['miss', 'texts/s relative to (a)', (times) => `${times} Fastify with \`pipeline()\``],
      ['miss', 'texts/s relative to (b)', (times) => `${times} the same with padded batches`],
      ['miss', 'texts/s relative to FastAPI + ONNX Runtime, best', (times) => `${times} FastAPI with ONNX Runtime`],
      ['miss', 'texts/s relative to FastAPI + OpenVINO', (times) => `${times} FastAPI with OpenVINO`]
    ]
  },
  { claim: 'Throughput for new texts relative to bare ONNX Runtime without HTTP', figures: [['miss', 'texts/s relative to (c)', keep]] },
  {
    claim: 'Cache hits relative to a bare Fastify route',
    figures: [
      ['hit-memory', 'requests/s relative to (d)', (share) => `memory ${share} of its requests/s`],
      ['hit-redis', 'requests/s relative to (d)', (share) => `Redis ${share}`]
    ]
  },
  { claim: 'Single texts beside batches of 128, p99', figures: [['single-under-batch', 'p99 of single texts', keep]] },
  { claim: '`/health` while every core computes, p99', figures: [['health-under-load', 'p99 of /health', keep]] },
  { claim: 'Throughput at ten times the capacity, relative to normal load', figures: [['overload', 'throughput under overload', keep]] },
  { claim: 'Process start to first answer', figures: [['cold-start', 'process start', keep]] }
]

/** The README's table of benchmark claims from one report, followed by the machine; claims without a figure are left out. */
export function renderHeadlines ({ machine, time, rows, targets }: MachineReport): string {
  const perSecond = rows.find(({ scenario, phase, system }) => scenario === 'miss' && phase === 'miss' && system === 'service')?.figures.perSecond
  const lines = CLAIMS.flatMap(({ claim, figures }, index) => {
    const phrases = figures.flatMap(([scenario, what, phrase]) => {
      const target = targets.find((item) => item.scenario === scenario && item.what.startsWith(what))
      return target === undefined || target.measured === 'not measured' ? [] : [phrase(pickMedian(target.measured))]
    })
    if (index === 0 && perSecond != null) phrases.unshift(`${formatNumber(perSecond)}/s`)
    return phrases.length === 0 ? [] : [`| ${claim} | ${phrases.join(', ')} |`]
  })
  return [
    '| claim | measured |',
    '| --- | --- |',
    ...lines,
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.int8}, Node ${machine.node}, commit ${machine.commit}, ${time.slice(0, 10)}.`
  ].join('\n')
}

/** Removes the range of the rounds and the figures of other systems. */
function pickMedian (measured: string): string {
  return measured.replace(/;.*/, '').replace(/ \(.*\)$/, '')
}
