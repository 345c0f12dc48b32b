import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { RequestTrace } from '../../telemetry/tracing/request-trace.ts'
import type { Tracing } from '../../telemetry/tracing/tracing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if no collector is configured. */
    tracing: Tracing | undefined
  }
  interface FastifyRequest {
    /** The request's trace until it ends. */
    trace: RequestTrace | undefined
  }
}

/** Paths that probes and scrapers request every few seconds: traced only if the caller sends a `traceparent`. */
const PROBES = /^\/(health(\/.*)?|metrics)$/

/** Share of the grace period in which the last spans must have been sent. */
const FLUSH_SHARE = 0.8
const MAX_FLUSH_MS = 5_000

/** tsc does not rewrite the path of an import inside `export default`. */
const load = async () => await import('../../telemetry/tracing/tracing.ts')

/** One span per request, and its ids in the request's log lines. Without a collector, no module is loaded and no hook runs. */
export default fp(async (app: FastifyInstance) => {
  const { config } = app
  const endpoint = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || config.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === '' || config.OTEL_SDK_DISABLED === 'true') {
    app.decorate('tracing', undefined)
    return
  }
  const { Tracing } = await load()
  const tracing = new Tracing(config, { logger: app.log, onExported: app.metrics.prediction.onSpansExported })
  app.decorate('tracing', tracing)
  app.decorateRequest('trace', undefined)
  app.addHook('onRequest', (request, reply, next) => {
    begin(tracing, request, reply)
    next()
  })
  // After the body is read: the events of the body have the context of the connection, not of the request.
  app.addHook('preHandler', (request, _reply, next) => {
    if (request.trace === undefined) next()
    else tracing.current.run(request.trace, next)
  })
  app.onRequestEnd((request, reply, status) => {
    request.trace?.end(status, reply.problemCode)
    request.trace = undefined
  })
  let stoppedAt = performance.now()
  app.addHook('preClose', (closed) => {
    stoppedAt = performance.now()
    closed()
  })
  app.addHook('onClose', async () => {
    const left = config.SHUTDOWN_GRACE_MS * FLUSH_SHARE - (performance.now() - stoppedAt)
    await tracing.shutdown(Math.max(0, Math.min(MAX_FLUSH_MS, left)))
  })
}, { name: 'tracing', dependencies: ['request-end', 'metrics'] })

function begin (tracing: Tracing, request: FastifyRequest, reply: FastifyReply): void {
  const { headers, raw: { httpVersion } } = request
  const { url: route } = request.routeOptions
  if (route !== undefined && PROBES.test(route) && headers.traceparent === undefined) return
  const trace = tracing.begin({
    id: request.id,
    method: request.method,
    route,
    path: request.url.split('?', 1)[0] as string,
    scheme: request.protocol,
    httpVersion,
    userAgent: headers['user-agent']
  }, headers)
  request.trace = trace
  request.log = reply.log = request.log.child({ trace_id: trace.traceId, span_id: trace.spanId })
}
