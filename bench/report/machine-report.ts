import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../lib/machine.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { evaluateTargets, type TargetResult } from './evaluate.ts'
import type { ResultFile, ScenarioResult } from './results.ts'
import { summarizeMeasurements, type Row } from './summary.ts'

/** Everything that the documentation shows of one commit on one machine; committed under docs/benchmarks/reports. */
export interface MachineReport {
  /** When the newest of its scenarios was measured, ISO 8601. */
  time: string
  /** When the commit was made, ISO 8601: an old commit that is measured later does not count as newer. */
  commitTime: string
  machine: Machine
  model: string
  targets: TargetResult[]
  rows: (Row & { scenario: string })[]
}

/** The newest result of each scenario of one commit on one machine. */
export interface ResultGroup {
  file: ResultFile
  results: ScenarioResult[]
}

const DIRECTORY = fileURLToPath(new URL('../../docs/benchmarks/reports/', import.meta.url))

/** Groups result files by processor, Node version and commit, oldest group first. Quick runs and runs with --url are ignored. */
export function groupResults (files: readonly ResultFile[]): ResultGroup[] {
  const groups = new Map<string, ResultFile[]>()
  for (const file of files) {
    if (file.options.quick || file.options.url !== undefined) continue
    const key = nameReport(file.machine)
    // The last group is the one with the newest file.
    const earlier = groups.get(key) ?? []
    groups.delete(key)
    groups.set(key, [...earlier, file])
  }
  return [...groups.values()].map((group) => {
    const newest = new Map(group.flatMap(({ results }) => results.map((result) => [result.scenario, result] as const)))
    return { file: group.at(-1) as ResultFile, results: SCENARIOS.filter(({ format }) => format === undefined).flatMap(({ name }) => newest.get(name) ?? []) }
  })
}

export function createReport ({ file: { time, machine, model }, results }: ResultGroup): MachineReport {
  const rows = results.flatMap((result) => summarizeMeasurements(result).map((row) => ({ scenario: result.scenario, ...row })))
  return { time, commitTime: readCommitTime(machine.commit) ?? time, machine, model, targets: evaluateTargets(results), rows }
}

/** Writes a report; it replaces an earlier one of the same processor, Node version and commit. */
export async function writeReport (report: MachineReport): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true })
  await writeFile(join(DIRECTORY, `${nameReport(report.machine)}.json`), `${JSON.stringify(report, roundNumbers, 1)}\n`)
}

/** The committed reports, newest commit first. */
export async function readReports (directory = DIRECTORY): Promise<MachineReport[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'))
  const reports = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as MachineReport))
  return reports.sort((a, b) => b.commitTime.localeCompare(a.commitTime) || b.time.localeCompare(a.time))
}

function readCommitTime (commit: string): string | undefined {
  try {
    const seconds = execFileSync('git', ['show', '--no-patch', '--format=%ct', commit.replace('+', '')], { encoding: 'utf8', stdio: 'pipe' })
    return new Date(Number(seconds) * 1000).toISOString()
  } catch {
    return undefined
  }
}

function nameReport ({ processor, int8, node, commit }: Machine): string {
  return `${processor} ${int8} node ${node.replace(/^v/, '').split('.')[0]} ${commit}`.toLowerCase().replaceAll(/[^a-z0-9+]+/g, '-').replace('+', '-modified')
}

/** Five significant digits; NaN becomes null in JSON and reads as "not measured". */
function roundNumbers (_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
