import { formatNumber } from '../report/summary.ts'
import { buildSvg, buildText, COLOURS } from '../report/svg.ts'

/** The outcome of one attempt at one rate. */
export interface Step {
  /** Requests per second. */
  rate: number
  perSecond: number
  /** Milliseconds from the planned send time, of the requests that were answered; NaN if none was. */
  p50: number
  p99: number
  /** Share of planned requests answered within the bound. */
  inTime: number
  sustained: boolean
  /** Longest delay of the generator itself, in milliseconds. */
  sendDelayMs: number
  /** Number of answers by status, and of requests without an answer. */
  outcomes: string
}

const WIDTH = 760
const HEIGHT = 360
const PLOT = { left: 70, right: WIDTH - 30, top: 50, bottom: HEIGHT - 50 }
const TEXT_WIDTH = 40

/** The steps as a table, slowest rate first, with a bar for the p99 on a logarithmic scale. */
export function formatSteps (steps: readonly Step[], boundMs: number): string[] {
  const largest = Math.max(boundMs, ...steps.map(({ p99 }) => p99).filter((value) => value > 0))
  return [
    '    rate/s  answers/s   p50, ms   p99, ms  in time  ',
    ...sortByRate(steps).map(({ rate, perSecond, p50, p99, inTime, sustained, outcomes }) => {
      const bar = Number.isNaN(p99) ? '' : '█'.repeat(Math.max(1, Math.round(Math.log1p(p99) / Math.log1p(largest) * TEXT_WIDTH)))
      const cells = [rate, perSecond, p50, p99].map((value) => formatNumber(value).padStart(10)).join('')
      // Rounded down: 98.97 % is not 99 %.
      return `${cells}${`${(Math.floor(inTime * 1000) / 10).toFixed(1)} %`.padStart(9)}  ${bar}${sustained ? '' : ` exceeded (${outcomes})`}`
    })
  ]
}

/** The p99 over the rate as SVG, with the bound and the capacity. */
export function drawSteps (steps: readonly Step[], boundMs: number, capacity: number | undefined): string {
  const drawn = sortByRate(steps).filter(({ p99 }) => p99 > 0)
  const maxRate = Math.max(...drawn.map(({ rate }) => rate), 1)
  const [minMs, maxMs] = [Math.min(boundMs, ...drawn.map(({ p99 }) => p99)), Math.max(boundMs, ...drawn.map(({ p99 }) => p99))].map(Math.log10) as [number, number]
  const x = (rate: number): number => PLOT.left + rate / maxRate * (PLOT.right - PLOT.left)
  const y = (ms: number): number => PLOT.bottom - (Math.log10(ms) - minMs) / Math.max(0.1, maxMs - minMs) * (PLOT.bottom - PLOT.top)
  const line = (x1: number, y1: number, x2: number, y2: number, colour: string, dashed = true): string =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`
  const sustained = drawn.filter((step) => step.sustained).map(({ rate, p99 }) => `${x(rate).toFixed(1)},${y(p99).toFixed(1)}`)
  return buildSvg('p99 by request rate', WIDTH, HEIGHT, [
    line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, '#999', false),
    line(PLOT.left, PLOT.top, PLOT.left, PLOT.bottom, '#999', false),
    line(PLOT.left, y(boundMs), PLOT.right, y(boundMs), COLOURS.target),
    buildText(PLOT.left + 6, y(boundMs) - 6, `bound: ${formatNumber(boundMs)} ms`),
    ...(capacity === undefined
      ? []
      : [
          line(x(capacity), PLOT.top, x(capacity), PLOT.bottom, COLOURS.service),
          buildText(x(capacity) - 6, PLOT.top - 6, `${formatNumber(capacity)}/s`, 'text-anchor="end"')
        ]),
    `<polyline points="${sustained.join(' ')}" fill="none" stroke="${COLOURS.service}" stroke-width="2"/>`,
    ...drawn.map((step) => `<circle cx="${x(step.rate).toFixed(1)}" cy="${y(step.p99).toFixed(1)}" r="3.5" fill="${step.sustained ? COLOURS.service : COLOURS.target}"/>`),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => buildText(x(maxRate * share), PLOT.bottom + 18, `${formatNumber(Math.round(maxRate * share))}/s`, 'text-anchor="middle"')),
    buildText(PLOT.left - 6, PLOT.bottom, `${formatNumber(10 ** minMs)} ms`, 'text-anchor="end"'),
    buildText(PLOT.left - 6, PLOT.top + 4, `${formatNumber(10 ** maxMs)} ms`, 'text-anchor="end"')
  ])
}

function sortByRate (steps: readonly Step[]): Step[] {
  return steps.toSorted((a, b) => a.rate - b.rate)
}
