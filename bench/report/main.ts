import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { drawCharts } from './charts.ts'
import { renderFigures } from './document.ts'
import { replaceGeneratedPart } from './generated-part.ts'
import { renderHeadlines } from './headlines.ts'
import { createReport, groupResults, readReports, writeReport, type MachineReport } from './machine-report.ts'
import { readResultFile, readResults } from './results.ts'

/**
 * `npm run bench:report [-- FILE…]` adds the given result files, by default the newest commit in bench/results, to the reports
 * under docs/benchmarks/reports, and renders all reports into docs/benchmarks.md and the newest into the README.
 */

const resolvePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const CHARTS = resolvePath('docs/benchmarks/')

async function update (path: string, name: string, content: string): Promise<void> {
  const file = resolvePath(path)
  await writeFile(file, replaceGeneratedPart(await readFile(file, 'utf8'), name, content))
  process.stdout.write(`${path}\n`)
}

const paths = process.argv.slice(2)
const groups = groupResults(paths.length > 0 ? await Promise.all(paths.map(readResultFile)) : await readResults())
if (groups.length === 0) {
  process.stderr.write('No results to report: run make bench first\n')
  process.exit(1)
}
for (const group of paths.length > 0 ? groups : groups.slice(-1)) await writeReport(createReport(group))
const reports = await readReports()
const [newest] = reports as [MachineReport]
// Charts need every measurement, which only result files contain: those of an older commit keep the charts as they are.
const charted = groups.find(({ file }) => file.time === newest.time)
if (charted !== undefined) {
  await mkdir(CHARTS, { recursive: true })
  for (const [name, content] of Object.entries(drawCharts(charted.results))) await writeFile(`${CHARTS}${name}`, content)
}
await update('docs/benchmarks.md', 'figures', renderFigures(reports, ['throughput.svg', 'share-of-limit.svg', 'latency.svg']))
await update('README.md', 'headline figures', renderHeadlines(newest))
