import { defaultWorkers, type Config } from './config.ts'
import { cpuQuota } from './inference/cpu-quota.ts'
import { ModelManager } from './inference/model-manager.ts'
import type { ModelInstanceOptions } from './inference/model-instance.ts'
import type { Logger } from './logger.ts'
import { COMPACT, resolveModel } from './models/catalog.ts'
import { terminalProgress } from './models/progress.ts'
import { ModelStore } from './models/store.ts'

export interface ModelManagerContext {
  /** The built worker: tsc does not rewrite the path of a worker, so the entry point names it. */
  workerUrl: URL
  logger: Logger
}

/** Creates the store of the folders and the hub that the configuration names. */
export function createModelStore (config: Config, logger: Logger): ModelStore {
  return new ModelStore({
    directory: config.MODEL_DIR,
    embeddedDirectory: config.EMBEDDED_MODEL_DIR,
    endpoint: config.HF_ENDPOINT,
    logger,
    onProgress: terminalProgress(),
    ...(config.HF_TOKEN !== '' && { token: config.HF_TOKEN })
  })
}

/** The settings that concern a loaded model. */
export function modelInstanceOptions (config: Config, { workerUrl, logger }: ModelManagerContext): ModelInstanceOptions {
  return {
    workerUrl,
    workers: config.INFERENCE_WORKERS === 0 ? defaultWorkers(cpuQuota()) : config.INFERENCE_WORKERS,
    queueLimit: config.QUEUE_LIMIT,
    predictTimeoutMs: config.PREDICT_TIMEOUT_MS,
    logger
  }
}

/** Creates the configured model manager. It loads nothing until it is started. */
export function createModelManager (config: Config, { workerUrl, logger }: ModelManagerContext): ModelManager {
  const requested = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  const store = createModelStore(config, logger)
  return new ModelManager({
    requested,
    store,
    ...(config.MODEL_FALLBACK === 'compact' && !requested.embedded && { fallback: resolveModel(COMPACT, 'main', 'q8') }),
    instance: modelInstanceOptions(config, { workerUrl, logger })
  })
}
