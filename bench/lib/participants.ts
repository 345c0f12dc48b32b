import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../tests/support/free-port.ts'
import type { BenchModel } from './model.ts'
import { ServerProcess } from './server-process.ts'

/** Something that answers `POST /predict`: the service, or what is compared with it. */
export interface Participant {
  name: ParticipantName
  url: string
  /** Where the bench started its process. */
  process?: ServerProcess
}

/** Names as they stand in results and reports. */
export const PARTICIPANTS = {
  service: 'this service',
  baseline: 'baseline',
  pipeline: '(a) Fastify + pipeline()',
  batcher: '(b) the same, batches of 8',
  runtime: '(c) bare ONNX Runtime',
  session: '(c) with the service\'s session',
  route: '(d) bare Fastify route',
  fastapi: 'FastAPI + ONNX Runtime'
} as const
export type ParticipantName = keyof typeof PARTICIPANTS

/** The built service of the checkout in `directory`. */
export const serverIn = (directory: string): string => join(directory, 'dist/server.js')
/** The built service of this checkout. */
export const SERVER = serverIn(fileURLToPath(new URL('../..', import.meta.url)))
const peer = (file: string): string => fileURLToPath(new URL(`../peers/${file}`, import.meta.url))

/** Starts the built service of this checkout, or of the one in `directory`, and waits until it answers. */
export async function startService (model: BenchModel, env: Record<string, string>, directory?: string): Promise<Participant> {
  const file = directory === undefined ? SERVER : serverIn(directory)
  return await start(directory === undefined ? 'service' : 'baseline', [file], { ...model.env, ...env })
}

/** Starts peer (a) or (b): see bench/peers. */
export async function startPipeline (model: BenchModel, name: 'pipeline' | 'batcher'): Promise<Participant> {
  return await start(name, [...process.execArgv, peer('pipeline-server.ts')], {
    MODEL_DIRECTORY: model.directory, BATCH_SIZE: name === 'batcher' ? '8' : '1'
  })
}

/** Starts ceiling (d): see bench/peers. */
export async function startRoute (): Promise<Participant> {
  return await start('route', [...process.execArgv, peer('bare-route.ts')], {})
}

async function start (name: ParticipantName, args: string[], env: Record<string, string>): Promise<Participant> {
  const server = ServerProcess.spawn(args, await freePort(), env)
  try {
    await server.ready()
  } catch (error) {
    await server.stop()
    throw error
  }
  return { name, url: server.url, process: server }
}
