import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { ApiKeys } from '../../auth/api-keys.ts'
import { Guard } from '../../auth/guard.ts'
import { RateLimitStore } from '../../auth/rate-limit-store.ts'
import { isLimited, needsKey } from '../../auth/routes.ts'
import { rateLimited } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The hash of the caller's key; null where none is asked for. */
    keyHash: string | null
  }
}

const MINUTE_MS = 60_000

/** One machine can have a whole /64 of IPv6: it counts as one address. */
const addressOf = (request: FastifyRequest): string => normalizeIP(request.ip)

/**
 * API keys and the rate limit, both before the body is read. Routes that need neither get no hook, and what is not
 * configured is not registered. Before the routes: it sees those that come after it.
 */
export default fp(async (app: FastifyInstance) => {
  const { API_KEYS, RATE_LIMIT_PER_MINUTE: perMinute } = app.config
  const keys = new ApiKeys(API_KEYS)
  app.decorateRequest('keyHash', null)
  if (!keys.off) {
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
      errorResponseBuilder: (_request, { ttl }) => rateLimited(`At most ${perMinute} requests a minute`, ttl)
    })
    onEachRoute(app, isLimited, app.rateLimit() as onRequestHookHandler)
  }
}, { name: 'access', dependencies: ['config', 'redis', 'errors'] })

/** Adds `handler` to each route that comes and that `applies` to, after the hooks it has from here. */
function onEachRoute (app: FastifyInstance, applies: (method: string, url: string) => boolean, handler: onRequestHookHandler): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    const methods = [route.method].flat()
    if (!methods.some((method) => applies(method, route.url))) return
    route.onRequest = [...[route.onRequest ?? []].flat(), handler]
  })
}
