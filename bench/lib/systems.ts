import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../../tests/support/server-process.ts'
import type { BenchModel } from './model.ts'

/** A system under test: it answers `POST /predict`. */
export interface System {
  name: SystemName
  url: string
  /** Set if the bench started it. */
  process?: ServerProcess
}

/** Names in results, and the labels that reports show for them. */
export const SYSTEMS = {
  service: 'this service',
  against: 'the checkout of --against',
  pipeline: '(a) Fastify + pipeline()',
  batcher: '(b) the same, batches of 8',
  runtime: '(c) bare ONNX Runtime',
  session: '(c) with the service\'s session options',
  route: '(d) bare Fastify route',
  fastapi: 'FastAPI + ONNX Runtime, default options',
  fastapiTuned: 'FastAPI + ONNX Runtime, best options',
  openvino: 'FastAPI + OpenVINO, best options'
} as const
export type SystemName = keyof typeof SYSTEMS

/** Path of the built service in the checkout `directory`. */
export const locateServer = (directory: string): string => join(directory, 'dist/server.js')
/** The built service of this checkout. */
export const SERVER = locateServer(fileURLToPath(new URL('../..', import.meta.url)))
const locateBaseline = (file: string): string => fileURLToPath(new URL(`../baselines/${file}`, import.meta.url))

/** Starts the built service of this checkout, or of the one in `directory`, and waits until it is healthy. */
export async function startService (model: BenchModel, env: Record<string, string>, directory?: string): Promise<System> {
  const file = directory === undefined ? SERVER : locateServer(directory)
  // The generator is a single caller.
  return await start(directory === undefined ? 'service' : 'against', [file], { ...model.env, MAX_TEXTS_PER_CALLER: '0', ...env })
}

/** Starts baseline (a) or (b): bench/baselines/pipeline-server.ts. */
export async function startPipeline (model: BenchModel, name: 'pipeline' | 'batcher'): Promise<System> {
  return await start(name, [...process.execArgv, locateBaseline('pipeline-server.ts')], {
    MODEL_DIRECTORY: model.directory, BATCH_SIZE: name === 'batcher' ? '8' : '1'
  })
}

/** Starts limit (d): bench/baselines/bare-route.ts. */
export async function startRoute (): Promise<System> {
  return await start('route', [...process.execArgv, locateBaseline('bare-route.ts')], {})
}

async function start (name: SystemName, args: string[], env: Record<string, string>): Promise<System> {
  const server = await ServerProcess.start(args, { LOG_LEVEL: 'error', ...env })
  return { name, url: server.url, process: server }
}
