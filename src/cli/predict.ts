import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { ConfigError } from '../config.ts'
import { ModelError } from '../models/errors.ts'
import { FileError, ScoringError, toFileError, UsageError } from './predict/errors.ts'
import { callerDirectory, parseOptions, USAGE } from './predict/options.ts'
import { run } from './predict/run.ts'
import { printable } from './terminal.ts'

/* Exit codes: 0 all rows scored, 1 failed, 2 wrong usage, 3 completed with errors in some rows, 128 + signal stopped. */

const stop = new AbortController()
// One listener per row in flight.
setMaxListeners(0, stop.signal)
let signalled: NodeJS.Signals | undefined
const report = (line: string): void => { process.stderr.write(`${printable(line)}\n`) }

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (signalled !== undefined) process.exit(128 + constants.signals[name])
    signalled = name
    stop.abort()
    // Ends a read that waits for more input.
    if (process.argv.includes('-')) process.stdin.destroy()
  })
}
// The rows are written although nobody reads the messages.
process.stderr.on('error', () => {})
process.stdout.on('error', (error) => {
  // A reader such as `head` may close the pipe once it has enough.
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') report((toFileError(error, 'write', 'standard output') as Error).message)
  process.exit(1)
})

async function main (): Promise<number> {
  const options = parseOptions(process.argv.slice(2), callerDirectory(process.env), process.env)
  if (options === undefined) {
    process.stdout.write(USAGE)
    return 0
  }
  const { errors, stopped } = await run(options, { env: process.env, workerUrl: new URL('../inference/worker.js', import.meta.url), stop, report })
  if (!stopped) return errors > 0 ? 3 : 0
  if (signalled === undefined) throw new FileError('Stopped: another run is writing the output')
  report(options.out === undefined ? 'Stopped' : 'Stopped; the same command resumes the run')
  return 128 + constants.signals[signalled]
}

try {
  process.exitCode = await main()
} catch (error) {
  const isExpected = [UsageError, FileError, ScoringError, ModelError, ConfigError].some((type) => error instanceof type)
  if (!isExpected) throw error
  report((error as Error).message)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
// Standard input may still be open.
if (process.argv.includes('-')) process.stdin.destroy()
