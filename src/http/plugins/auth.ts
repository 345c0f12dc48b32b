import { setTimeout as delay } from 'node:timers/promises'
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { clientAddress, Guard, needsKey, WrongKeyError, ApiKeys } from '../../auth/guard.ts'
import { CallerLimits, RateLimiter } from '../../auth/rate-limit.ts'
import { textsRateLimited } from '../prediction-request.ts'

declare module 'fastify' {
  interface FastifyInstance {
    guard: Guard
    callerLimits: CallerLimits
    /** Undefined if RATE_LIMIT_TEXTS_PER_MINUTE is 0. */
    rateLimiter: RateLimiter | undefined
  }
  interface FastifyRequest {
    /** The name of the key that the request carries; null if no key is required. */
    keyName: string | null
    /** The caller for limits and fairness: `key:NAME`, or `address:ADDRESS` if no key is required. */
    caller: string
  }
}

const MINUTE_MS = 60_000
/** Milliseconds by which the answer to a wrong key is delayed. */
const WRONG_KEY_DELAY_MS = 100

/** The service's headers that scripts of other origins may read. */
const EXPOSED_HEADERS = ['server-timing', 'x-request-id', 'retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']
const PREFLIGHT_SECONDS = 600

/**
 * CORS, API keys and the limits per caller. Keys and an exhausted rate limit are checked before the body is read. Register it before
 * the routes: it adds hooks to the routes that are registered later.
 */
export default fp(async (app: FastifyInstance) => {
  const { API_KEYS, RATE_LIMIT_TEXTS_PER_MINUTE: perMinute, MAX_TEXTS_PER_CALLER } = app.config
  await allowOrigins(app)
  const guard = new Guard(new ApiKeys(API_KEYS), () => app.metrics.http.wrongKeys.add())
  const rateLimiter = perMinute === 0 ? undefined : new RateLimiter(app.redis, { limit: perMinute, windowMs: MINUTE_MS })
  app.decorate('guard', guard)
  app.decorate('callerLimits', new CallerLimits(MAX_TEXTS_PER_CALLER))
  app.decorate('rateLimiter', rateLimiter)
  app.decorateRequest('keyName', null)
  app.decorateRequest('caller', '')
  if (guard.enabled) {
    onEachRoute(app, needsKey, async (request: FastifyRequest) => {
      try {
        request.keyName = guard.authenticate(request.headers.authorization, clientAddress(request.ip))
      } catch (error) {
        if (error instanceof WrongKeyError) await delay(WRONG_KEY_DELAY_MS)
        throw error
      }
    })
  }
  onEachRoute(app, (method) => method === 'POST', (request, reply, next) => {
    request.caller = request.keyName === null ? `address:${clientAddress(request.ip)}` : `key:${request.keyName}`
    const exhaustedMs = rateLimiter?.exhaustedMs(request.caller) ?? 0
    if (exhaustedMs > 0) throw textsRateLimited(reply, { limit: perMinute, current: perMinute, ttl: exhaustedMs })
    next()
  })
}, { name: 'auth', dependencies: ['services'] })

/** Allows pages of CORS_ORIGINS to call the service, if there are any. Preflight requests need no API key. */
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

type Handler = onRequestHookHandler | onRequestAsyncHookHandler

/** Adds `handler`, after existing hooks, to each route that is registered from now on and that `applies` selects. */
function onEachRoute (app: FastifyInstance, applies: (method: string, url: string) => boolean, handler: Handler): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    const methods = [route.method].flat()
    if (!methods.some((method) => applies(method, route.url))) return
    route.onRequest = [...[route.onRequest ?? []].flat(), handler as onRequestHookHandler]
  })
}
