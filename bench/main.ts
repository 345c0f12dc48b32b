import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from './lib/machine.ts'
import { referenceModel } from './lib/reference.ts'
import { SCENARIOS } from './scenarios.ts'
import { startService } from './lib/service.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    duration: { type: 'string', default: '10' },
    connections: { type: 'string', default: '16' },
    url: { type: 'string' },
    port: { type: 'string', default: '8123' }
  }
})
const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
const unknown = names.filter((name) => !(name in SCENARIOS))
if (unknown.length > 0) {
  process.stderr.write(`No such scenario: ${unknown.join(', ')}. Usage: npm run bench -- [${Object.keys(SCENARIOS).join('|')}]… [--duration SECONDS] [--connections N] [--url URL]\n`)
  process.exit(2)
}

const results = []
process.stdout.write(`${machine()}\n\n| scenario | figures |\n| --- | --- |\n`)
for (const name of names) {
  const scenario = SCENARIOS[name] as NonNullable<typeof SCENARIOS[string]>
  const service = values.url === undefined
    ? await startService(Number(values.port), { EMBEDDED_MODEL_DIR: await referenceModel(), ...scenario.env })
    : { url: values.url, stop: () => Promise.resolve() }
  try {
    const figures = await scenario.run({ url: service.url, duration: Number(values.duration), connections: Number(values.connections) })
    results.push({ name, figures })
    process.stdout.write(`| ${name} | ${Object.entries(figures).map(([key, value]) => `${key} ${Math.round(value * 100) / 100}`).join(', ')} |\n`)
    if ((figures.errors ?? 0) > 0 || (figures.non2xx ?? 0) > 0) process.exitCode = 1
  } finally {
    await service.stop()
  }
}
const directory = fileURLToPath(new URL('results', import.meta.url))
await mkdir(directory, { recursive: true })
await writeFile(`${directory}/latest.json`, `${JSON.stringify({ machine: machine(), options: values, results }, null, 2)}\n`)
