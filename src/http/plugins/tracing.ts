import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { RequestTrace } from '../../telemetry/tracing/request-trace.ts'
import type { Tracing } from '../../telemetry/tracing/tracing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined where no collector is configured. */
    tracing: Tracing | undefined
  }
  interface FastifyRequest {
    /** The request's trace while it is open. */
    trace: RequestTrace | undefined
  }
}

/** Asked every few seconds by machines: traced only where the caller traces. */
const ROUTINE = /^\/(health(\/.*)?|metrics)$/

/** Share of the grace time that may have passed when the last spans have been sent. */
const FLUSH_SHARE = 0.8
const MAX_FLUSH_MS = 5_000

/** One span a request, and its ids in the request's log lines. Without a collector nothing is loaded, and no hook runs. */
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
  // After the body: its events come in the connection's context, not in the request's.
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
}, { name: 'tracing', dependencies: ['config', 'errors', 'request-end', 'metrics'] })

/** In a statement of its own: tsc leaves the path of an import within `export default` as it is. */
async function load () {
  return await import('../../telemetry/tracing/tracing.ts')
}

function begin (tracing: Tracing, request: FastifyRequest, reply: FastifyReply): void {
  const { headers, raw: { httpVersion } } = request
  const { url: route } = request.routeOptions
  if (route !== undefined && ROUTINE.test(route) && headers.traceparent === undefined) return
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
