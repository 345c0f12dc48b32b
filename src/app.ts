import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { SERVER_LIMITS, type ServerLimits } from './http/limits.ts'
import { serverOptions } from './http/server-options.ts'
import authPlugin from './http/plugins/auth.ts'
import bodyPlugin from './http/plugins/body.ts'
import connectionsPlugin, { Connections } from './http/plugins/connections.ts'
import errorsPlugin from './http/plugins/errors.ts'
import lifecyclePlugin from './http/plugins/lifecycle.ts'
import metricsPlugin from './http/plugins/metrics.ts'
import openapiPlugin from './http/plugins/openapi.ts'
import requestEndPlugin from './http/plugins/request-end.ts'
import requestHeadPlugin from './http/plugins/request-head.ts'
import servicesPlugin from './http/plugins/services.ts'
import tracingPlugin from './http/plugins/tracing.ts'
import docsRoutes from './http/routes/docs.ts'
import huggingFaceRoute from './http/routes/hugging-face.ts'
import metricsRoute from './http/routes/metrics.ts'
import pageRoute from './http/routes/page.ts'
import predictRoute from './http/routes/predict.ts'
import { healthRoutes, infoRoute } from './http/routes/status.ts'
import type { ModelManager } from './inference/model-manager.ts'

export interface AppOptions {
  config: Config
  /** Started when the app is ready, unless it was started earlier. */
  modelManager: ModelManager
  logger?: FastifyBaseLogger
  /** Shorter in tests. */
  limits?: ServerLimits
}

/** Builds the service: plugins, then routes. Hooks run in the order of the plugins. */
export async function buildApp ({ config, modelManager, logger, limits = SERVER_LIMITS }: AppOptions): Promise<FastifyInstance> {
  const connections = new Connections(limits, config.PREDICT_TIMEOUT_MS)
  const app = Fastify(serverOptions(config, connections, logger))
  app.decorate('config', config)
  await app.register(connectionsPlugin, { connections })
  await app.register(requestEndPlugin)
  await app.register(metricsPlugin)
  await app.register(tracingPlugin)
  await app.register(requestHeadPlugin)
  await app.register(servicesPlugin, { modelManager })
  await app.register(authPlugin)
  await app.register(errorsPlugin)
  await app.register(bodyPlugin, limits)
  await app.register(lifecyclePlugin)
  await app.register(openapiPlugin)
  await app.register(predictRoute, { streamIdleMs: limits.streamIdleMs })
  await app.register(huggingFaceRoute)
  await app.register(healthRoutes)
  await app.register(infoRoute)
  await app.register(metricsRoute)
  if (config.WEB_UI) await app.register(pageRoute)
  await app.register(docsRoutes)
  return app
}
