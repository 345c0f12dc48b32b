import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { catalogued } from '../client-error.ts'
import { buildHealth } from '../health.ts'
import { serveMetrics } from '../metrics-server.ts'
import { CLIENT_CLOSED_REQUEST } from '../problem.ts'
import type { RouteSeries } from '../../telemetry/metrics/http-metrics.ts'
import { Metrics } from '../../telemetry/metrics/metrics.ts'
import type { ServiceState } from '../../telemetry/metrics/state-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
  interface FastifyContextConfig {
    /** The route's series. */
    series?: RouteSeries
  }
}

/** The service's metrics: counts every request, and serves them on METRICS_PORT where that is set. */
export default fp((app: FastifyInstance, _options, done) => {
  const metrics = new Metrics(() => stateOf(app))
  const { http } = metrics
  app.decorate('metrics', metrics)
  app.addHook('onRoute', (route) => {
    // HEAD comes with its GET and shares its series.
    const method = [route.method].flat()[0] as string
    route.config = { ...route.config, series: http.route(method, route.url, statusesOf(route)) }
  })
  app.addHook('onRequest', (_request, _reply, next) => {
    http.inFlight++
    next()
  })
  app.onRequestEnd((request, reply, status) => {
    http.inFlight--
    http.answered(request.routeOptions.config.series, status, reply.elapsedTime / 1000, reply.problemCode)
  })
  // Before the listener that answers and ends the socket.
  app.server.prependListener('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return
    const { statusCode = 400, code } = catalogued(error.code)
    http.answered(undefined, statusCode, 0, code)
  })
  if (app.config.METRICS_PORT !== 0) serveMetrics(app, metrics)
  done()
}, { name: 'metrics', dependencies: ['config', 'errors', 'request-end'] })

/** What a POST may get before its handler: no key, too slow, too often; and a client may leave. */
const BEFORE_PREDICTION = [401, 408, 429, CLIENT_CLOSED_REQUEST]

/** What a route is known to answer: mostly what its schema documents. */
function statusesOf ({ method, schema }: RouteOptions): number[] {
  const documented = Object.keys((schema?.response ?? {}) as object).map(Number).filter(Number.isInteger)
  return [...new Set([200, ...documented, ...(method === 'POST' ? BEFORE_PREDICTION : [])])]
}

function stateOf (app: FastifyInstance): ServiceState {
  const { config, modelManager: { requested, fallback, runtime, workers, state } } = app
  const idle = { starting: 0, idle: 0, busy: 0, restarting: 0, lost: 0 }
  return {
    health: buildHealth(app),
    models: [{ ...requested, fallback: false }, ...(fallback ? [{ ...fallback, fallback: true }] : [])],
    workers: runtime?.pool.states ?? { ...idle, starting: state === 'starting' ? workers : 0 },
    running: runtime?.scheduler.running ?? 0,
    cacheLimit: config.CACHE_MAX_ENTRIES
  }
}
