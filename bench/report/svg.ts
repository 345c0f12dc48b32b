/** A horizontal bar. */
export interface ChartBar {
  label: string
  value: number
  /** Label at the end of the bar. */
  text: string
  colour: string
}

/** Bars below a heading, with their own scale. */
export interface ChartGroup {
  title: string
  bars: ChartBar[]
  /** A target: a line across the group. */
  mark?: number
}

/** Distinguishable on light and dark pages and for colour-blind readers. Source: Okabe and Ito, 2008. */
export const COLOURS = { service: '#0072b2', baseline: '#e69f00', limit: '#7f7f7f', target: '#d55e00' } as const

const WIDTH = 760
const LABEL = 250
const VALUE = 130
const ROW = 20
const HEAD = 30
const PADDING = 12

/** Draws groups of bars as SVG, with the title as its accessible name. */
export function drawBarChart (title: string, groups: readonly ChartGroup[]): string {
  let y = PADDING + 16
  const parts: string[] = []
  for (const { title: heading, bars, mark } of groups) {
    const largest = Math.max(...bars.map(({ value }) => value), mark ?? 0, Number.MIN_VALUE)
    const width = (value: number): number => Math.max(1, value / largest * (WIDTH - LABEL - VALUE))
    y += HEAD
    parts.push(buildText(PADDING, y - 8, heading, 'font-weight="600"'))
    for (const { label, value, text: endLabel, colour } of bars) {
      parts.push(
        buildText(LABEL - 8, y + 14, label, 'text-anchor="end"'),
        `<rect x="${LABEL}" y="${y + 3}" width="${width(value).toFixed(1)}" height="${ROW - 6}" rx="2" fill="${colour}"/>`,
        buildText(LABEL + width(value) + 6, y + 14, endLabel)
      )
      y += ROW
    }
    if (mark !== undefined) {
      const x = (LABEL + width(mark)).toFixed(1)
      parts.push(`<line x1="${x}" x2="${x}" y1="${y - bars.length * ROW}" y2="${y}" stroke="${COLOURS.target}" stroke-width="2" stroke-dasharray="4 3"/>`)
    }
  }
  return buildSvg(title, WIDTH, y + PADDING, parts)
}

/** Milliseconds by percentile. */
export interface Curve {
  label: string
  colour: string
  dashed?: boolean
  points: readonly (readonly [percent: number, ms: number])[]
}

const PLOT = { left: 60, right: 590, top: 40, bottom: 320 }

/** Draws latency by percentile. Both axes are logarithmic, so that the slowest percent fills half of the chart. */
export function drawLatencyChart (title: string, curves: readonly Curve[]): string {
  const values = curves.flatMap(({ points }) => points.map(([, ms]) => ms)).filter((ms) => ms > 0)
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  const y = (ms: number): number => PLOT.bottom - (Math.log10(ms) - low) / Math.max(1, high - low) * (PLOT.bottom - PLOT.top)
  // The share of slower requests: from one in two to one in a thousand.
  const x = (percent: number): number => PLOT.left + Math.log10(50 / (100 - percent)) / Math.log10(500) * (PLOT.right - PLOT.left)
  const grid = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).flatMap((ms) => [
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(ms)}" y2="${y(ms)}" stroke="#999" stroke-width="0.5"/>`,
    buildText(PLOT.left - 6, y(ms) + 4, `${ms} ms`, 'text-anchor="end"')
  ])
  const ticks = [50, 75, 90, 95, 99, 99.9].map((percent) => buildText(x(percent), PLOT.bottom + 18, `p${percent}`, 'text-anchor="middle"'))
  const lines = curves.map(({ points, colour, dashed = false }) => {
    const path = points.filter(([percent]) => percent >= 50).map(([percent, ms]) => `${x(percent).toFixed(1)},${y(ms).toFixed(1)}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`
  })
  // Labels at the ends of the curves, moved apart to avoid overlaps.
  let last = -Infinity
  const labels = curves
    .map(({ label, points, colour }) => ({ label, colour, at: y(points.at(-1)?.[1] ?? 1) + 4 }))
    .sort((a, b) => a.at - b.at)
    .map(({ label, colour, at }) => {
      last = Math.max(at, last + 15)
      return `<text x="${PLOT.right + 8}" y="${last.toFixed(1)}" fill="${colour}">${escapeXml(label)}</text>`
    })
  return buildSvg(title, WIDTH, PLOT.bottom + 34, [...grid, ...ticks, ...lines, ...labels])
}

/** Wraps SVG elements, with the title as heading and accessible name. */
export function buildSvg (title: string, width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(height)}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${Math.ceil(height)}" fill="#fff"/>`,
    buildText(PADDING, PADDING + 10, title, 'font-size="14" font-weight="600"'),
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}

export function buildText (x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes && ` ${attributes}`}>${escapeXml(content)}</text>`
}

function escapeXml (value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
