import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { replaceGeneratedPart } from '../../../bench/report/generated-part.ts'
import { renderHeadlines } from '../../../bench/report/headlines.ts'
import { readReports, type MachineReport } from '../../../bench/report/machine-report.ts'

const readme = readFileSync('README.md', 'utf8')

it('README.md has at most 130 lines', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(130)
})

it('README.md contains the figures of the newest committed benchmark report', async () => {
  const [newest] = await readReports() as [MachineReport]
  const table = renderHeadlines(newest)
  expect(table.split('\n').length).toBeGreaterThan(5)
  expect(readme).toBe(replaceGeneratedPart(readme, 'headline figures', table))
})
