import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run, Scenario } from './bench.ts'
import type { Machine } from './machine.ts'

/** What one scenario gave. */
export interface ScenarioResult {
  scenario: string
  title: string
  seconds: number
  runs: Run[]
  /** Why it counts as failed: wrong answers, errors, statuses that do not belong to it. */
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

/** Writes a result file; the newest has the greatest name. Returns its path. */
export async function writeResults (file: ResultFile): Promise<string> {
  await mkdir(DIRECTORY, { recursive: true })
  const path = join(DIRECTORY, `${file.time.replaceAll(/[:.]/g, '-')}.json`)
  await writeFile(path, `${JSON.stringify(file, null, 1)}\n`)
  return path
}

/** All result files, oldest first. */
export async function readResults (): Promise<ResultFile[]> {
  const names = await readdir(DIRECTORY).catch(() => [])
  const files = names.filter((name) => /^\d{4}-.*\.json$/.test(name)).sort()
  return await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(DIRECTORY, name), 'utf8')) as ResultFile))
}

/** What is wrong with the service's runs, in words; peers may be wrong. */
export function failuresOf ({ refusals = [] }: Scenario, runs: readonly Run[]): string[] {
  const failures = new Set<string>()
  for (const { participant, phase, load } of runs) {
    if (load === undefined || (participant !== 'service' && participant !== 'baseline')) continue
    const { answered, wrong, checked, errors, timeouts, statuses } = load
    const unexpected = Object.keys(statuses).filter((status) => status !== '200' && !refusals.includes(Number(status)))
    if (answered === 0) failures.add(`${phase}: nothing was answered`)
    if (wrong > 0) failures.add(`${phase}: ${wrong} of ${checked} answers differ from their one-by-one answers`)
    if (errors > 0) failures.add(`${phase}: ${errors} requests failed, ${timeouts} of them without an answer in time`)
    for (const status of unexpected) failures.add(`${phase}: ${statuses[status]} answers with status ${status}`)
  }
  return [...failures]
}
