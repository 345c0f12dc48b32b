import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readResults } from '../lib/results.ts'
import { figures, newestResults, withFigures } from './document.ts'
import { picturesOf } from './pictures.ts'

/** Writes the newest results into docs/benchmarks.md, and the pictures beside it. */

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const PICTURES = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url))

const newest = newestResults(await readResults())
if (newest.length === 0) {
  process.stderr.write('No results to report: run make bench first\n')
  process.exit(1)
}
const pictures = picturesOf(newest.map(({ result }) => result))
await mkdir(PICTURES, { recursive: true })
for (const [name, content] of Object.entries(pictures)) await writeFile(`${PICTURES}${name}`, content)
const document = await readFile(DOCUMENT, 'utf8')
await writeFile(DOCUMENT, withFigures(document, figures(newest, Object.keys(pictures))))
process.stdout.write(`${DOCUMENT}\n`)
