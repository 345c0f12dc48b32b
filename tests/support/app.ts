import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import pino from 'pino'
import { onTestFinished, vi } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { SERVER_LIMITS, type ServerLimits } from '../../src/http/limits.ts'
import { loadConfig } from '../../src/config.ts'
import { createModelManager } from '../../src/create-model-manager.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { scrape } from './scrape.ts'

export const BUILT_WORKER = new URL('../../dist/inference/worker.js', import.meta.url)

export interface TestAppOptions {
  env?: Record<string, string>
  workerUrl?: URL
  /** False: return immediately, while the model is loading. */
  ready?: boolean
  limits?: Partial<ServerLimits>
  logger?: FastifyBaseLogger
}

/** The real service on the fixture model, ready to answer; closed when the test ends. */
export async function startApp ({ env = {}, workerUrl = BUILT_WORKER, ready = true, limits, logger }: TestAppOptions = {}): Promise<FastifyInstance> {
  const models = await mkdtemp(join(tmpdir(), 'models-'))
  const config = await loadConfig({ MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, MODEL_DIR: models, ...env })
  const modelManager = createModelManager(config, { workerUrl, logger: pino({ level: 'silent' }) })
  const app = await buildApp({ config, modelManager, ...(logger && { logger }), limits: { ...SERVER_LIMITS, ...limits } })
  onTestFinished(async () => {
    await app.close()
    await rm(models, { recursive: true, force: true })
  })
  await app.ready()
  if (ready) await untilReady(app)
  return app
}

/** Waits until every worker is ready and none loads the model again. */
export async function untilReady (app: FastifyInstance): Promise<void> {
  await vi.waitFor(() => {
    const { pool } = app.modelManager.requireModel()
    if (pool.ready < pool.size || pool.maxTextsPerRun === 1) throw new Error(`${pool.ready} of ${pool.size} workers are ready`)
  }, { timeout: 60_000, interval: 20 })
}

/** Returns a function that reads from `/metrics` how many texts have been computed since this call. */
export async function countComputedTexts (app: FastifyInstance): Promise<() => Promise<number>> {
  const read = async (): Promise<number> => (await scrape(app)).get('sentiment_texts_computed_total') ?? 0
  const before = await read()
  return async () => await read() - before
}

/** `POST /predict` with a JSON body. */
export function predict (app: FastifyInstance, payload: object) {
  return app.inject({ method: 'POST', url: '/predict', payload })
}
