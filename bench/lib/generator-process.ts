import { autocannonLoad } from './autocannon-load.ts'
import type { LoadJob, LoadResult } from './load.ts'
import { pacedLoad } from './paced-load.ts'

/** The load generator's own process: it shares no event loop with what it measures. */

export interface GeneratorRequest { id: number, job: LoadJob }
export interface GeneratorReply { id: number, result?: LoadResult, error?: string }

async function run (job: LoadJob): Promise<LoadResult> {
  const { rate, seconds } = job
  return rate === undefined ? await autocannonLoad(job) : await pacedLoad({ ...job, rate, seconds: seconds ?? 1 })
}

process.on('message', ({ id, job }: GeneratorRequest) => {
  const reply = (message: Omit<GeneratorReply, 'id'>): void => { process.send?.({ id, ...message }) }
  run(job).then((result) => reply({ result }), (error: unknown) => reply({ error: String(error) }))
})
process.on('disconnect', () => process.exit())
