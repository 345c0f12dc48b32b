import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { ConfigError } from '../config.ts'
import { ModelError } from '../models/errors.ts'
import { InputError } from './predict/input.ts'
import { parseOptions, USAGE, UsageError } from './predict/options.ts'
import { run } from './predict/run.ts'
import { ScoringError } from './predict/scorer.ts'

/** Exit codes: 0 all rows scored, 1 failed, 2 wrong usage, 3 some rows have an error, 128 + signal stopped. */

const stop = new AbortController()
// Every row under way listens.
setMaxListeners(0, stop.signal)
let signalled: NodeJS.Signals | undefined
const say = (line: string): void => { process.stderr.write(`${line}\n`) }

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (signalled !== undefined) process.exit(128 + constants.signals[name])
    signalled = name
    stop.abort()
  })
}
// Whoever read the rows has enough of them (| head).
process.stdout.on('error', () => process.exit(1))

async function main (): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(USAGE)
    return 0
  }
  const { errors, stopped } = await run(options, { env: process.env, workerUrl: new URL('../inference/worker.js', import.meta.url), stop, say })
  if (!stopped) return errors > 0 ? 3 : 0
  if (signalled === undefined) throw new InputError('Stopped: another run is writing the output')
  say(options.out === undefined ? 'Stopped' : 'Stopped: the same command goes on from here')
  return 128 + constants.signals[signalled]
}

try {
  process.exitCode = await main()
} catch (error) {
  if (error instanceof UsageError) {
    say(error.message)
    process.exitCode = 2
  } else if (error instanceof InputError || error instanceof ScoringError || error instanceof ModelError || error instanceof ConfigError) {
    say(error.message)
    process.exitCode = 1
  } else throw error
}
// It may still be open.
if (process.argv.includes('-')) process.stdin.destroy()
