import type { Server } from 'node:http'
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance } from 'fastify'
import Fastify, { LogController } from 'fastify'
import type { Config } from './config.ts'
import { answerClientError } from './http/client-error.ts'
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES, SERVER_LIMITS, type ServerLimits } from './http/limits.ts'
import { sendProblem } from './http/problem.ts'
import { requestId } from './http/request-id.ts'
import type { ModelHost } from './inference/model-host.ts'
import accessPlugin from './plugins/access.ts'
import cachePlugin from './plugins/cache.ts'
import configPlugin from './plugins/config.ts'
import corsPlugin from './plugins/cors.ts'
import errorsPlugin from './plugins/errors.ts'
import inferencePlugin from './plugins/inference.ts'
import lifecyclePlugin from './plugins/lifecycle.ts'
import metricsPlugin from './plugins/metrics.ts'
import notFoundPlugin from './plugins/not-found.ts'
import openapiPlugin from './plugins/openapi.ts'
import predictorPlugin from './plugins/predictor.ts'
import redisPlugin from './plugins/redis.ts'
import requestBodyPlugin from './plugins/request-body.ts'
import requestEndPlugin from './plugins/request-end.ts'
import requestLogPlugin from './plugins/request-log.ts'
import slowBodyPlugin from './plugins/slow-body.ts'
import strictHttpPlugin from './plugins/strict-http.ts'
import tracingPlugin from './plugins/tracing.ts'
import docsRoutes from './routes/docs.ts'
import healthRoutes from './routes/health.ts'
import huggingFaceRoute from './routes/hugging-face.ts'
import infoRoute from './routes/info.ts'
import metricsRoute from './routes/metrics.ts'
import pageRoute from './routes/page.ts'
import predictRoute from './routes/predict.ts'

export interface AppOptions {
  config: Config
  /** Started when the app is ready, if it was not before. */
  modelHost: ModelHost
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
      // plugins/strict-http.ts refuses such requests, in the contract's words.
      requireHostHeader: false
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Bodies have a time limit of their own (plugins/slow-body.ts): this one would cut streams.
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
export async function buildApp ({ config, modelHost, logger, limits = SERVER_LIMITS }: AppOptions): Promise<FastifyInstance> {
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
  await app.register(inferencePlugin, { modelHost })
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
