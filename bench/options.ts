import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Scenario } from './lib/scenario.ts'
import { locateServer } from './lib/systems.ts'

export interface BenchOptions {
  scenarios: readonly Scenario[]
  quick: boolean
  rounds?: number
  seconds?: number
  connections?: number
  url?: string
  against?: string
  p99?: number
  texts?: string
}

/** The command line is invalid; the message gives the reason. */
export class UsageError extends Error {}

/** Reads the command line. Throws UsageError. */
export function readOptions (args: string[], scenarios: readonly Scenario[]): BenchOptions {
  const { values, positionals } = parse(args)
  const names = scenarios.map(({ name }) => name)
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new UsageError(`Unknown scenario: ${unknown.join(', ')}; available: ${names.join(', ')}`)
  const { quick = false, url, against, texts } = values
  if ((values.p99 !== undefined || texts !== undefined) && !positionals.includes('capacity')) throw new UsageError('--p99 and --texts are options of the scenario capacity')
  if (texts !== undefined && !existsSync(texts)) throw new UsageError(`--texts: no such file: ${texts}`)
  if (url !== undefined && against !== undefined) throw new UsageError('--against cannot be combined with --url: it compares services that the bench starts')
  if (url !== undefined && !isHttpUrl(url)) throw new UsageError(`--url must be an HTTP URL such as http://127.0.0.1:8000, not "${url}"`)
  if (against !== undefined && !existsSync(locateServer(against))) throw new UsageError(`--against must be a built checkout: missing ${locateServer(against)}`)
  const chosen = positionals.length === 0
    ? scenarios.filter(({ local = false, optional: byName = false }) => !byName && (url === undefined || !local))
    : scenarios.filter(({ name }) => positionals.includes(name))
  const started = chosen.filter(({ local = false }) => local && url !== undefined)
  if (started.length > 0) throw new UsageError(`${started.map(({ name }) => name).join(', ')} starts the service itself and cannot be combined with --url`)
  return {
    scenarios: chosen,
    quick,
    ...optional('rounds', whole('--rounds', values.rounds)),
    ...optional('seconds', positive('--duration', values.duration)),
    ...optional('connections', whole('--connections', values.connections)),
    ...optional('url', url?.replace(/\/$/, '')),
    ...optional('against', against),
    ...optional('p99', positive('--p99', values.p99)),
    ...optional('texts', texts)
  }
}

/** The usage text. */
export function formatUsage (scenarios: readonly Scenario[]): string {
  return `Usage: npm run bench -- [SCENARIO]… [options]

  --duration SECONDS     duration of each measurement
  --connections NUMBER   connections of the load
  --rounds NUMBER        interleaved rounds; the report shows their median
  --url URL              measure a running service, without baselines (API_KEY from the environment)
  --against DIRECTORY    also measure the service of another built checkout
  --p99 MILLISECONDS     capacity: upper bound of the p99, 500 by default
  --texts FILE           capacity: one text per line, repeated; by default, every request has a new text
  --quick                short measurements with the embedded model: checks answers and errors, not speed

Scenarios:
${scenarios.map(({ name, title, optional: byName = false }) => `  ${name.padEnd(20)} ${title}${byName ? '; only if named' : ''}`).join('\n')}
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
        p99: { type: 'string' },
        texts: { type: 'string' },
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
  if (!(number > 0)) throw new UsageError(`${name} must be a number above 0, not "${value}"`)
  return number
}

function whole (name: string, value: string | undefined): number | undefined {
  const number = positive(name, value)
  if (number !== undefined && !Number.isInteger(number)) throw new UsageError(`${name} must be an integer, not "${value}"`)
  return number
}

function isHttpUrl (value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

function optional<K extends string, V> (key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : { [key]: value } as Record<K, V>
}
