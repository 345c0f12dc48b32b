import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readResults } from '../lib/results.ts'
import { figures, newestResults, withFigures } from './document.ts'
import { headlines, withHeadlines } from './headlines.ts'
import { picturesOf } from './pictures.ts'

/** Writes the newest results into docs/benchmarks.md, the pictures beside it, and the claims of README.md. */

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const PICTURES = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url))

const newest = newestResults(await readResults())
if (newest.length === 0) {
  process.stderr.write('No results to report: run make bench first\n')
  process.exit(1)
}
const pictures = picturesOf(newest.map(({ result }) => result))
await mkdir(PICTURES, { recursive: true })
for (const [name, content] of Object.entries(pictures)) await writeFile(`${PICTURES}${name}`, content)
const document = withFigures(await readFile(DOCUMENT, 'utf8'), figures(newest, Object.keys(pictures)))
await writeFile(DOCUMENT, document)
await writeFile(README, withHeadlines(await readFile(README, 'utf8'), headlines(document)))
process.stdout.write(`${DOCUMENT}\n${README}\n`)
