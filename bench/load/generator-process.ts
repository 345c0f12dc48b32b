import { autocannonLoad } from './autocannon-load.ts'
import type { LoadJob, LoadResult } from './load.ts'
import { sendOpenLoop } from './open-loop-load.ts'

/** The load generator runs in its own process, so that it shares no event loop with the system under test. */

export interface GeneratorRequest { id: number, job: LoadJob }
export interface GeneratorReply { id: number, result?: LoadResult, error?: string }

async function run (job: LoadJob): Promise<LoadResult> {
  const { rate, seconds } = job
  return rate === undefined ? await autocannonLoad(job) : await sendOpenLoop({ ...job, rate, seconds: seconds ?? 1 })
}

process.on('message', ({ id, job }: GeneratorRequest) => {
  const reply = (message: Omit<GeneratorReply, 'id'>): void => { process.send?.({ id, ...message }) }
  run(job).then((result) => reply({ result }), (error: unknown) => reply({ error: String(error) }))
})
process.on('disconnect', () => process.exit())
