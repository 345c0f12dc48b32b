import { parseArgs } from 'node:util'
import { BASE, TINY } from './shape.ts'
import { writeReferenceModel } from './write.ts'

const { values } = parseArgs({
  options: { out: { type: 'string' }, shape: { type: 'string', default: 'base' }, seed: { type: 'string', default: '1' } }
})
if (values.out === undefined || !['base', 'tiny'].includes(values.shape)) {
  process.stderr.write('Usage: tsx bench/reference-model/main.ts --out DIRECTORY [--shape base|tiny] [--seed NUMBER]\n')
  process.exit(2)
}
await writeReferenceModel(values.out, values.shape === 'base' ? BASE : TINY, Number(values.seed))
process.stdout.write(`${values.out}\n`)
