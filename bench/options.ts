import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Scenario } from './lib/bench.ts'
import { serverIn } from './lib/participants.ts'

export interface BenchOptions {
  scenarios: readonly Scenario[]
  quick: boolean
  rounds?: number
  seconds?: number
  connections?: number
  url?: string
  against?: string
}

/** A command line that cannot be followed; its message says what is wrong. */
export class UsageError extends Error {}

/** Reads the command line. Throws UsageError. */
export function readOptions (args: string[], scenarios: readonly Scenario[]): BenchOptions {
  const { values, positionals } = parse(args)
  const names = scenarios.map(({ name }) => name)
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new UsageError(`No such scenario: ${unknown.join(', ')}. There are ${names.join(', ')}.`)
  const { quick = false, url, against } = values
  if (url !== undefined && against !== undefined) throw new UsageError('--against compares services that the bench starts: it does not go with --url')
  if (url !== undefined && !isHttpUrl(url)) throw new UsageError(`--url takes an address such as http://127.0.0.1:8000, not "${url}"`)
  if (against !== undefined && !existsSync(serverIn(against))) throw new UsageError(`--against takes a checkout that is built: there is no ${serverIn(against)}`)
  const chosen = positionals.length === 0
    ? scenarios.filter(({ local = false, optional: byName = false }) => !byName && (url === undefined || !local))
    : scenarios.filter(({ name }) => positionals.includes(name))
  const started = chosen.filter(({ local = false }) => local && url !== undefined)
  if (started.length > 0) throw new UsageError(`${started.map(({ name }) => name).join(', ')} starts the service itself: it does not go with --url`)
  return {
    scenarios: chosen,
    quick,
    ...optional('rounds', whole('--rounds', values.rounds)),
    ...optional('seconds', positive('--duration', values.duration)),
    ...optional('connections', whole('--connections', values.connections)),
    ...optional('url', url?.replace(/\/$/, '')),
    ...optional('against', against)
  }
}

/** What the command takes, for a person. */
export function usage (scenarios: readonly Scenario[]): string {
  return `Usage: npm run bench -- [SCENARIO]… [options]

  --duration SECONDS     of one run, instead of the scenario's own
  --connections NUMBER   of the load, instead of the scenario's own
  --rounds NUMBER        interleaved rounds, instead of the scenario's own; the report takes their median
  --url URL              measure a service that runs already; no peers then
  --against DIRECTORY    measure the service built in another checkout beside this one
  --quick                short runs on the embedded model: checks answers and errors, not speed

Scenarios:
${scenarios.map(({ name, title, optional: byName = false }) => `  ${name.padEnd(20)} ${title}${byName ? '; only where it is named' : ''}`).join('\n')}
`
}

function parse (args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        duration: { type: 'string' },
        connections: { type: 'string' },
        rounds: { type: 'string' },
        url: { type: 'string' },
        against: { type: 'string' },
        quick: { type: 'boolean' }
      }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function positive (name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (!(number > 0)) throw new UsageError(`${name} takes a number above 0, not "${value}"`)
  return number
}

function whole (name: string, value: string | undefined): number | undefined {
  const number = positive(name, value)
  if (number !== undefined && !Number.isInteger(number)) throw new UsageError(`${name} takes a whole number, not "${value}"`)
  return number
}

function isHttpUrl (value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

function optional<K extends string, V> (key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : { [key]: value } as Record<K, V>
}
