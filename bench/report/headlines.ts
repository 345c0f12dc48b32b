/** The generated part of README.md lies between these lines. */
export const HEADLINES_BEGIN = '<!-- headlines: written by make bench-report -->'
export const HEADLINES_END = '<!-- end of headlines -->'

interface Claim {
  claim: string
  /** Scenario, and a part of the text that identifies the row among the scenario's targets. */
  rows: readonly (readonly [scenario: string, what: string, show: (measured: string) => string])[]
}

const CLAIMS: readonly Claim[] = [
  {
    claim: 'Throughput for new texts',
    rows: [
      ['miss', '(a)', (times) => `${times} Fastify with \`pipeline()\``],
      ['miss', '(b)', (times) => `${times} the same with padded batches`],
      ['miss', 'FastAPI', (times) => `${times} FastAPI with ONNX Runtime`]
    ]
  },
  { claim: 'The same beside bare ONNX Runtime without HTTP', rows: [['miss', 'share of (c) bare', (share) => share]] },
  {
    claim: 'Cache hits beside a bare Fastify route',
    rows: [
      ['hit-memory', 'share of (d)', (share) => `memory ${share} of its requests/s`],
      ['hit-redis', 'share of (d)', (share) => `Redis ${share}`]
    ]
  },
  { claim: 'Single texts beside batches of 128, p99', rows: [['single-under-batch', 'p99', (ms) => ms.replace(/;.*/, '')]] },
  { claim: '`/health` while every core computes, p99', rows: [['health-under-load', 'p99', (ms) => ms.replace(/;.*/, '')]] },
  { claim: 'Throughput under overload beside the service\'s own maximum', rows: [['overload', 'goodput', (share) => share]] },
  { claim: 'Process start to first answer', rows: [['cold-start', '', (ms) => ms]] }
]

/** README.md's table of claims, from the figures that docs/benchmarks.md (`document`) has. Claims without a figure are left out. */
export function headlines (document: string): string {
  const targets = [...document.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| [^|]* \| ([^|]+) \| (?:pass|\*\*fail\*\*)? ?\|$/gm)]
    .map(([, scenario, what = '', measured = '']) => ({ scenario, what, measured: measured.replace(/ \(.*\)$/, '') }))
  const rows = CLAIMS.flatMap(({ claim, rows }) => {
    const figures = rows.flatMap(([scenario, part, show]) => {
      const target = targets.find((row) => row.scenario === scenario && row.what.includes(part))
      return target === undefined || target.measured === 'not measured' ? [] : [show(target.measured)]
    })
    return figures.length === 0 ? [] : [`| ${claim} | ${figures.join(', ')} |`]
  })
  return ['| claim | measured |', '| --- | --- |', ...rows].join('\n')
}

/** `readme` with its table of claims replaced. */
export function withHeadlines (readme: string, table: string): string {
  const from = readme.indexOf(HEADLINES_BEGIN)
  const to = readme.indexOf(HEADLINES_END)
  if (from < 0 || to < from) throw new Error(`README.md has no ${HEADLINES_BEGIN} … ${HEADLINES_END}`)
  return `${readme.slice(0, from)}${HEADLINES_BEGIN}\n\n${table}\n\n${readme.slice(to)}`
}
