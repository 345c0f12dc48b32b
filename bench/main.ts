import { writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { describeMachine, formatMachine } from './lib/machine.ts'
import { benchModel, compactModel } from './lib/model.ts'
import { Progress } from './lib/progress.ts'
import type { Bench } from './lib/scenario.ts'
import { startService, type System } from './lib/systems.ts'
import { buildAuthHeaders } from './load/api-key.ts'
import { UnexpectedAnswerError } from './load/expected-answers.ts'
import { LoadGenerator } from './load/generator.ts'
import { formatUsage, readOptions, UsageError, type BenchOptions } from './options.ts'
import { formatTargets } from './report/evaluate.ts'
import { findFailures, writeResults, type ScenarioResult } from './report/results.ts'
import { formatSummary } from './report/summary.ts'
import { SCENARIOS } from './scenarios/index.ts'

function parseCommandLine (): BenchOptions {
  if (process.argv.includes('--help')) {
    process.stdout.write(formatUsage(SCENARIOS))
    process.exit(0)
  }
  try {
    return readOptions(process.argv.slice(2), SCENARIOS)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${formatUsage(SCENARIOS)}`)
    process.exit(2)
  }
}

/** Exits if nothing answers at `url`. */
async function requireAnswer (url: string): Promise<void> {
  try {
    await fetch(url, { headers: buildAuthHeaders() })
  } catch (error) {
    process.stderr.write(`No answer from ${url}: ${String((error as Error).cause)}\n`)
    process.exit(1)
  }
}

async function startReferenceService (): Promise<string> {
  if (settings.url !== undefined) return settings.url
  referenceService ??= startService(model, { CACHE_MAX_ENTRIES: '0' })
  return (await referenceService).url
}

// Without a listener, a signal would end the process before its exit handlers stop the child processes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]))

const { scenarios, ...settings } = parseCommandLine()
if (settings.url !== undefined) await requireAnswer(settings.url)
const machine = describeMachine()
const model = settings.quick ? compactModel() : await benchModel()
const generator = new LoadGenerator()
const progress = new Progress()
let referenceService: Promise<System> | undefined
const bench: Bench = { ...settings, generator, progress, model, referenceUrl: startReferenceService }
const results: ScenarioResult[] = []

process.stdout.write(`${formatMachine(machine)}\n${settings.url ?? model.name}\n`)
try {
  for (const scenario of scenarios) {
    progress.show(scenario.name)
    const start = performance.now()
    const measurements = await scenario.run(bench)
    const seconds = (performance.now() - start) / 1000
    const result = { scenario: scenario.name, title: scenario.title, seconds, measurements, failures: findFailures(scenario, measurements) }
    results.push(result)
    progress.clear()
    process.stdout.write(`\n${(scenario.format?.(measurements) ?? formatSummary(result)).join('\n')}\n`)
    if (result.failures.length > 0) process.exitCode = 1
  }
} catch (error) {
  // Other errors are bugs and keep their stack trace.
  if (!(error instanceof UnexpectedAnswerError)) throw error
  progress.clear()
  process.stderr.write(`${error.message}\n${error.message.includes('status 401') ? 'Set API_KEY to a key of the service\n' : ''}`)
  process.exit(1)
} finally {
  progress.clear()
  generator.stop()
  await referenceService?.then(({ process }) => process?.stop(), () => {})
}
const path = await writeResults({ time: new Date().toISOString(), machine, model: settings.url ?? model.name, options: settings, results })
for (const { name, draw } of scenarios) {
  const measurements = results.find(({ scenario }) => scenario === name)?.measurements
  if (draw !== undefined && measurements !== undefined) await writeFile(path.replace(/json$/, 'svg'), draw(measurements))
}
// A quick run is too short for meaningful figures.
if (!settings.quick && settings.url === undefined) process.stdout.write(`\n${formatTargets(results).join('\n')}\n`)
process.stdout.write(`\n${path}\n`)
