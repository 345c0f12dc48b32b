import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../lib/machine.ts'
import type { Measurement, Scenario } from '../lib/scenario.ts'

/** The outcome of one scenario. */
export interface ScenarioResult {
  scenario: string
  title: string
  seconds: number
  measurements: Measurement[]
  /** Reasons why the scenario failed: wrong answers, errors, unexpected statuses. */
  failures: string[]
}

/** A file of bench/results. */
export interface ResultFile {
  time: string
  machine: Machine
  model: string
  options: { quick: boolean, rounds?: number, url?: string }
  results: ScenarioResult[]
}

const DIRECTORY = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes a result file and returns its path. File names sort by time. */
export async function writeResults (file: ResultFile): Promise<string> {
  await mkdir(DIRECTORY, { recursive: true })
  const path = join(DIRECTORY, `${file.time.replaceAll(/[:.]/g, '-')}.json`)
  await writeFile(path, `${JSON.stringify(file, null, 1)}\n`)
  return path
}

/** All result files in bench/results, oldest first. */
export async function readResults (): Promise<ResultFile[]> {
  const names = await readdir(DIRECTORY).catch(() => [])
  return await Promise.all(names.filter((name) => /^\d{4}-.*\.json$/.test(name)).sort().map((name) => readResultFile(join(DIRECTORY, name))))
}

/** Reads a result file, also one with the names that earlier commits used. */
export async function readResultFile (path: string): Promise<ResultFile> {
  return JSON.parse(await readFile(path, 'utf8'), renameOldKeys) as ResultFile
}

/** Names in earlier result files, and today's. */
const OLD_KEYS: Record<string, string> = { runs: 'measurements', participant: 'system', modelRuns: 'computations' }

function renameOldKeys (key: string, value: unknown): unknown {
  if (key === 'system' || key === 'participant') return value === 'baseline' ? 'against' : value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [OLD_KEYS[name] ?? name, item]))
}

/** Describes what is wrong with the service's measurements. Baselines are allowed to fail. */
export function findFailures ({ refusals = [] }: Scenario, measurements: readonly Measurement[]): string[] {
  const failures = new Set<string>()
  for (const { system, phase, load } of measurements) {
    if (load === undefined || (system !== 'service' && system !== 'against')) continue
    const { answered, wrong, checked, errors, timeouts, statuses } = load
    const unexpected = Object.keys(statuses).filter((status) => status !== '200' && !refusals.includes(Number(status)))
    if (answered === 0) failures.add(`${phase}: no request was answered`)
    if (wrong > 0) failures.add(`${phase}: ${wrong} of ${checked} answers differ from the answers to the same requests sent alone`)
    if (errors > 0) failures.add(`${phase}: ${errors} requests failed, ${timeouts} of them by timeout`)
    for (const status of unexpected) failures.add(`${phase}: ${statuses[status]} answers with status ${status}`)
  }
  return [...failures]
}
