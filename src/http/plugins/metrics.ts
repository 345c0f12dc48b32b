import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { RouteSeries } from '../../telemetry/metrics/http-metrics.ts'
import { Metrics } from '../../telemetry/metrics/metrics.ts'
import { readHealth, type Health, type ServiceState } from '../../telemetry/metrics/state-metrics.ts'
import { NDJSON } from '../ndjson.ts'
import { CLIENT_CLOSED_REQUEST } from '../problem.ts'
import { serveOnMetricsPort } from '../routes/metrics.ts'
import { toCatalogueError } from './errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
    /** The service's health now. */
    health: () => Health
  }
  interface FastifyContextConfig {
    /** The route's series. */
    series?: RouteSeries
  }
}

/** The service's metrics: counts every request, and serves the series on METRICS_PORT if that is set. */
export default fp((app: FastifyInstance, _options, done) => {
  const metrics = new Metrics(() => readState(app))
  const { http } = metrics
  app.decorate('metrics', metrics)
  app.decorate('health', () => readHealth({
    modelManager: app.modelManager,
    predictionCache: app.predictionCache,
    queueLimit: app.config.QUEUE_LIMIT,
    stopping: app.lifecycle.stopping
  }))
  app.addHook('onRoute', (route) => {
    // A HEAD route is added with each GET route and shares its series.
    const method = [route.method].flat()[0] as string
    route.config = { ...route.config, series: http.route(method, route.url, listStatuses(route)) }
  })
  app.addHook('onRequest', (_request, _reply, next) => {
    http.inFlight++
    next()
  })
  app.onRequestEnd((request, reply, status) => {
    http.inFlight--
    const seconds = reply.getHeader('content-type') === NDJSON ? undefined : reply.elapsedTime / 1000
    http.answered(request.routeOptions.config.series, status, seconds, reply.problemCode)
  })
  // Before the listener that answers and ends the socket.
  app.server.prependListener('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return
    const { statusCode = 400, code } = toCatalogueError(error.code)
    http.answered(undefined, statusCode, 0, code)
  })
  if (app.config.METRICS_PORT !== 0) serveOnMetricsPort(app)
  done()
}, { name: 'metrics', dependencies: ['request-end'] })

/** Statuses of a POST before its handler runs, and of a client that disconnected. */
const BEFORE_HANDLER = [401, 408, 429, CLIENT_CLOSED_REQUEST]

/** The statuses that a route is known to answer: most are documented by its schema. */
function listStatuses ({ method, schema }: RouteOptions): number[] {
  const documented = Object.keys((schema?.response ?? {}) as object).map(Number).filter(Number.isInteger)
  return [...new Set([200, ...documented, ...(method === 'POST' ? BEFORE_HANDLER : [])])]
}

function readState (app: FastifyInstance): ServiceState {
  const { config, modelManager: { requested, fallback, instance, workers, state } } = app
  const idle = { starting: 0, idle: 0, busy: 0, restarting: 0, lost: 0 }
  return {
    health: app.health(),
    models: [{ ...requested, fallback: false }, ...(fallback ? [{ ...fallback, fallback: true }] : [])],
    workers: instance?.pool.states ?? { ...idle, starting: state === 'starting' ? workers : 0 },
    running: instance?.queue.running ?? 0,
    cacheLimit: config.CACHE_MAX_ENTRIES
  }
}
