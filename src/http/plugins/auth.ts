import cors from '@fastify/cors'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { ApiKeys } from '../../auth/api-keys.ts'
import { Guard, isLimited, needsKey } from '../../auth/guard.ts'
import { RateLimitStore } from '../../auth/rate-limit.ts'
import { rateLimited } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The hash of the caller's key; null if no key is required. */
    keyHash: string | null
  }
}

const MINUTE_MS = 60_000

/** Our headers that scripts of other origins may read. */
const EXPOSED_HEADERS = ['server-timing', 'x-request-id', 'retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']
const PREFLIGHT_SECONDS = 600

/** A single machine can own a whole IPv6 /64: it counts as one address. */
const addressOf = (request: FastifyRequest): string => normalizeIP(request.ip)

/**
 * Who may call: CORS, API keys and the rate limit, all before the body is read. Routes that need none of them get no hook,
 * and what is not configured is not registered. Register before the routes: hooks are added to those that follow.
 */
export default fp(async (app: FastifyInstance) => {
  const { API_KEYS, RATE_LIMIT_PER_MINUTE: perMinute } = app.config
  await allowOrigins(app)
  const keys = new ApiKeys(API_KEYS)
  app.decorateRequest('keyHash', null)
  if (keys.enabled) {
    const guard = new Guard(keys)
    onEachRoute(app, needsKey, (request, _reply, next) => {
      request.keyHash = guard.authenticate(request.headers.authorization, addressOf(request))
      next()
    })
  }
  if (perMinute > 0) {
    const { redis } = app
    await app.register(rateLimit, {
      global: false,
      max: perMinute,
      timeWindow: MINUTE_MS,
      enableDraftSpec: true,
      skipOnError: true,
      store: class extends RateLimitStore { constructor () { super(redis, MINUTE_MS) } },
      // The hash: no key is stored, not in Redis either.
      keyGenerator: (request) => request.keyHash ?? addressOf(request),
      errorResponseBuilder: (_request, { ttl }) => rateLimited(`Limited to ${perMinute} requests per minute`, ttl)
    })
    onEachRoute(app, isLimited, app.rateLimit() as onRequestHookHandler)
  }
}, { name: 'auth', dependencies: ['services'] })

/** Lets pages of CORS_ORIGINS call the service; not registered if there are none. Preflights need no API key. */
async function allowOrigins (app: FastifyInstance): Promise<void> {
  const origins = app.config.CORS_ORIGINS.split(',').map((item) => item.trim()).filter((item) => item !== '')
  if (origins.length === 0) return
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : origins,
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false
  })
}

/** Adds `handler`, after the hooks added before, to each route registered from now on that `applies` selects. */
function onEachRoute (app: FastifyInstance, applies: (method: string, url: string) => boolean, handler: onRequestHookHandler): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    const methods = [route.method].flat()
    if (!methods.some((method) => applies(method, route.url))) return
    route.onRequest = [...[route.onRequest ?? []].flat(), handler]
  })
}
