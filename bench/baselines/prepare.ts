import { benchModel } from '../lib/model.ts'
import { SYSTEMS } from '../lib/systems.ts'
import { preparePythonBaselines } from './python-server.ts'

/** `npm run bench:prepare` creates the reference model and the Python baselines, so that `npm run bench` starts immediately. */

const model = await benchModel()
process.stdout.write(`model: ${model.directory}\n`)
for (const baseline of await preparePythonBaselines(model)) {
  process.stdout.write(`${SYSTEMS[baseline.name]}: ${'unavailable' in baseline ? `SKIPPED, ${baseline.unavailable}` : 'ready'}\n`)
}
