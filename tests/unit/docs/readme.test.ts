import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { headlines, withHeadlines } from '../../../bench/report/headlines.ts'

const readme = readFileSync('README.md', 'utf8')

it('README.md has at most 130 lines', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(130)
})

it('README.md has the figures of docs/benchmarks.md (make bench-report writes both)', () => {
  const table = headlines(readFileSync('docs/benchmarks.md', 'utf8'))
  expect(table.split('\n').length).toBeGreaterThan(5)
  expect(readme).toBe(withHeadlines(readme, table))
})
