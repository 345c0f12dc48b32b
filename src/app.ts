import type { Server } from 'node:http'
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance } from 'fastify'
import Fastify, { LogController } from 'fastify'
import type { Config } from './config.ts'
import { answerClientError } from './http/client-error.ts'
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES, SERVER_LIMITS, type ServerLimits } from './http/limits.ts'
import { sendProblem } from './http/problem.ts'
import { requestId } from './http/request-id.ts'
import type { ModelManager } from './inference/model-manager.ts'
import accessPlugin from './http/plugins/auth.ts'
import cachePlugin from './http/plugins/cache.ts'
import configPlugin from './http/plugins/config.ts'
import corsPlugin from './http/plugins/cors.ts'
import errorsPlugin from './http/plugins/errors.ts'
import inferencePlugin from './http/plugins/inference.ts'
import lifecyclePlugin from './http/plugins/lifecycle.ts'
import metricsPlugin from './http/plugins/metrics.ts'
import notFoundPlugin from './http/plugins/not-found.ts'
import openapiPlugin from './http/plugins/openapi.ts'
import predictorPlugin from './http/plugins/predictor.ts'
import redisPlugin from './http/plugins/services.ts'
import requestBodyPlugin from './http/plugins/request-body.ts'
import requestEndPlugin from './http/plugins/request-end.ts'
import requestLogPlugin from './http/plugins/request-log.ts'
import slowBodyPlugin from './http/plugins/body.ts'
import strictHttpPlugin from './http/plugins/host-and-expect.ts'
import tracingPlugin from './http/plugins/tracing.ts'
import docsRoutes from './http/routes/docs.ts'
import healthRoutes from './http/routes/health.ts'
import huggingFaceRoute from './http/routes/hugging-face.ts'
import infoRoute from './http/routes/info.ts'
import metricsRoute from './http/routes/metrics.ts'
import pageRoute from './http/routes/page.ts'
import predictRoute from './http/routes/predict.ts'

export interface AppOptions {
  config: Config
  /** Started when the app is ready, if it was not before. */
  modelManager: ModelManager
  logger?: FastifyBaseLogger
  /** Tests shorten them. */
  limits?: ServerLimits
}

/** Fastify's options: tests use the same, or they would test another server. */
export function serverOptions (config: Config, logger?: FastifyBaseLogger, limits = SERVER_LIMITS): FastifyHttpOptions<Server> {
  return {
    ...(logger && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: config.BODY_LIMIT_BYTES,
    trustProxy: proxies(config.TRUST_PROXY),
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      // http/plugins/host-and-expect.ts refuses such requests, in the contract's words.
      requireHostHeader: false
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Bodies have a time limit of their own (http/plugins/body.ts): this one would cut streams.
    requestTimeout: 0,
    // Keep-alive connections may still send requests at shutdown: our routes answer them, in the contract's words.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply)
      // These requests reach no hook.
      request.server.metrics.http.answered(undefined, reply.statusCode, 0, reply.problemCode)
    },
    clientErrorHandler: answerClientError,
    // A client learns what is wrong with what it sent, as it sent it: nothing is coerced, removed or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } }
  }
}

/** So many proxies' word is taken for the client's address. Fastify's own `true` takes the farthest, which anybody can write. */
function proxies (value: string): false | ((address: string, hop: number) => boolean) {
  if (value === 'false') return false
  const count = value === 'true' ? 1 : Number(value)
  return (_address, hop) => hop < count
}

/** Builds the service: plugins, then routes. */
export async function buildApp ({ config, modelManager, logger, limits = SERVER_LIMITS }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify(serverOptions(config, logger, limits))
  await app.register(configPlugin, { config })
  await app.register(requestEndPlugin)
  await app.register(errorsPlugin)
  await app.register(metricsPlugin)
  await app.register(tracingPlugin)
  await app.register(requestLogPlugin)
  await app.register(strictHttpPlugin)
  await app.register(corsPlugin)
  await app.register(notFoundPlugin)
  await app.register(redisPlugin)
  await app.register(accessPlugin)
  await app.register(slowBodyPlugin, limits)
  await app.register(requestBodyPlugin)
  await app.register(cachePlugin)
  await app.register(inferencePlugin, { modelManager })
  await app.register(predictorPlugin)
  await app.register(lifecyclePlugin)
  await app.register(openapiPlugin)
  await app.register(predictRoute, { streamIdleMs: limits.streamIdleMs })
  await app.register(huggingFaceRoute)
  await app.register(healthRoutes)
  await app.register(infoRoute)
  await app.register(metricsRoute)
  await app.register(pageRoute)
  await app.register(docsRoutes)
  return app
}
