import { constants } from 'node:os'
import type { Bench, Run, Scenario } from './lib/bench.ts'
import { LoadGenerator } from './lib/generator.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { benchModel, compactModel } from './lib/model.ts'
import { startService, type Participant } from './lib/participants.ts'
import { Progress } from './lib/progress.ts'
import { SkippedError } from './lib/python.ts'
import { failuresOf, writeResults, type ScenarioResult } from './lib/results.ts'
import { readOptions, usage, UsageError, type BenchOptions } from './options.ts'
import { barLines } from './report/bars.ts'
import { summaryLines } from './report/summary.ts'
import { SCENARIOS } from './scenarios/index.ts'

function options (): BenchOptions {
  try {
    return readOptions(process.argv.slice(2), SCENARIOS)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${usage(SCENARIOS)}`)
    process.exit(2)
  }
}

/** Ends the bench where nothing answers at `url`. */
async function expectAnswer (url: string): Promise<void> {
  try {
    await fetch(url)
  } catch (error) {
    process.stderr.write(`Nothing answers at ${url}: ${String((error as Error).cause)}\n`)
    process.exit(1)
  }
}

async function startOracle (): Promise<string> {
  if (settings.url !== undefined) return settings.url
  oracle ??= startService(model, { CACHE_MAX_ENTRIES: '0' })
  return (await oracle).url
}

/** The scenario's runs; undefined where it cannot run on this machine, which is said. */
async function runsOf (scenario: Scenario): Promise<Run[] | undefined> {
  try {
    return await scenario.run(bench)
  } catch (error) {
    if (!(error instanceof SkippedError)) throw error
    progress.clear()
    process.stdout.write(`\n${scenario.name}: SKIPPED, ${error.message}\n`)
    return undefined
  }
}

// Without a listener a signal ends the process before its exit handlers end what it started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]))

const { scenarios, ...settings } = options()
if (settings.url !== undefined) await expectAnswer(settings.url)
const machine = describeMachine()
const model = settings.quick ? compactModel() : await benchModel()
const generator = new LoadGenerator()
const progress = new Progress()
let oracle: Promise<Participant> | undefined
const bench: Bench = { ...settings, generator, progress, model, oracle: startOracle }
const results: ScenarioResult[] = []

process.stdout.write(`${machineLine(machine)}\n${settings.url ?? model.name}\n`)
try {
  for (const scenario of scenarios) {
    progress.show(scenario.name)
    const start = performance.now()
    const runs = await runsOf(scenario)
    if (runs === undefined) continue
    const seconds = (performance.now() - start) / 1000
    const result = { scenario: scenario.name, title: scenario.title, seconds, runs, failures: failuresOf(scenario, runs) }
    results.push(result)
    progress.clear()
    process.stdout.write(`\n${summaryLines(result).join('\n')}\n`)
    if (result.failures.length > 0) process.exitCode = 1
  }
} finally {
  progress.clear()
  generator.stop()
  await oracle?.then(({ process }) => process?.stop(), () => {})
}
const path = await writeResults({ time: new Date().toISOString(), machine, model: settings.url ?? model.name, options: settings, results })
// A quick run is too short for its speed to mean anything.
if (!settings.quick) process.stdout.write(`\n${barLines(results).join('\n')}\n`)
process.stdout.write(`\n${path}\n`)
