import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify, { LogController } from 'fastify'
import type { Config } from './config.ts'
import { answerClientError } from './http/client-error.ts'
import { sendProblem } from './http/problem.ts'
import { requestId } from './http/request-id.ts'
import cachePlugin from './plugins/cache.ts'
import configPlugin from './plugins/config.ts'
import errorsPlugin from './plugins/errors.ts'
import inferencePlugin from './plugins/inference.ts'
import lifecyclePlugin from './plugins/lifecycle.ts'
import predictorPlugin from './plugins/predictor.ts'
import requestLogPlugin from './plugins/request-log.ts'
import healthRoutes from './routes/health.ts'
import infoRoute from './routes/info.ts'
import predictRoute from './routes/predict.ts'

export interface AppOptions {
  config: Config
  /** The built inference worker (dist/inference/worker.js). */
  workerUrl: URL
  logger?: FastifyServerOptions['logger']
}

/** A client that needs longer than this to send its request is cut off with 408. */
const REQUEST_TIMEOUT_MS = 30_000

/** Fastify's options: tests use the same, or they would test another server. */
export function serverOptions (config: Config, logger: FastifyServerOptions['logger'] = false): FastifyServerOptions {
  return {
    logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: config.BODY_LIMIT_BYTES,
    trustProxy: config.TRUST_PROXY === 'true',
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Keep-alive connections may still send requests at shutdown: our routes answer them, in the contract's words.
    return503OnClosing: false,
    frameworkErrors: sendProblem,
    clientErrorHandler: answerClientError,
    // A client learns what is wrong with what it sent, as it sent it: nothing is coerced, removed or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } }
  }
}

/** Builds the service: plugins, then routes. It loads its model once it is ready or listens. */
export async function buildApp ({ config, workerUrl, logger }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify(serverOptions(config, logger))
  app.removeContentTypeParser('text/plain')
  await app.register(configPlugin, { config })
  await app.register(errorsPlugin)
  await app.register(requestLogPlugin)
  await app.register(cachePlugin)
  await app.register(inferencePlugin, { workerUrl })
  await app.register(predictorPlugin)
  await app.register(lifecyclePlugin)
  await app.register(predictRoute)
  await app.register(healthRoutes)
  await app.register(infoRoute)
  return app
}
