import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { defaultWorkers } from '../config.ts'
import { cpuQuota } from '../inference/cpu-quota.ts'
import { ModelHost } from '../inference/model-host.ts'
import { COMPACT, resolveModel } from '../model/catalog.ts'
import { ModelStore } from '../model/store.ts'
import { terminalProgress } from '../model/progress.ts'

declare module 'fastify' {
  interface FastifyInstance {
    modelHost: ModelHost
  }
}

export interface InferenceOptions {
  /** The built worker: tsc does not rewrite the path of a worker, so the entry point names it. */
  workerUrl: URL
}

/** The model host. It starts loading when the server listens, so that liveness is answered meanwhile. */
export default fp((app: FastifyInstance, { workerUrl }: InferenceOptions, done) => {
  const { config, log } = app
  const { onRun, onWorkerLost } = app.metrics.prediction
  const requested = resolveModel(config.MODEL_NAME, config.MODEL_REVISION, config.MODEL_DTYPE)
  const store = new ModelStore({
    directory: config.MODEL_DIR,
    embeddedDirectory: config.EMBEDDED_MODEL_DIR,
    endpoint: config.HF_ENDPOINT,
    logger: log,
    onProgress: terminalProgress(),
    ...(config.HF_TOKEN !== '' && { token: config.HF_TOKEN })
  })
  const host = new ModelHost({
    requested,
    store,
    ...(config.MODEL_FALLBACK === 'compact' && !requested.embedded && { fallback: resolveModel(COMPACT, 'main', 'q8') }),
    runtime: {
      workerUrl,
      workers: config.INFERENCE_WORKERS === 0 ? defaultWorkers(cpuQuota()) : config.INFERENCE_WORKERS,
      queueLimit: config.QUEUE_LIMIT,
      predictTimeoutMs: config.PREDICT_TIMEOUT_MS,
      logger: log,
      onRun,
      onWorkerLost
    }
  })
  app.decorate('modelHost', host)
  app.addHook('onReady', (ready) => {
    void host.start()
    ready()
  })
  app.addHook('onClose', () => host.close())
  done()
}, { name: 'inference', dependencies: ['config', 'metrics'] })
