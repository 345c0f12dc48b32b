import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Headers of ours that scripts of other origins may read. */
const EXPOSED = ['server-timing', 'x-request-id', 'retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']
const PREFLIGHT_SECONDS = 600

/** Lets pages of CORS_ORIGINS call the service; not registered where there are none. Preflights need no API key. */
export default fp(async (app: FastifyInstance) => {
  const origins = app.config.CORS_ORIGINS.split(',').map((item) => item.trim()).filter((item) => item !== '')
  if (origins.length === 0) return
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : origins,
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false
  })
}, { name: 'cors', dependencies: ['config'] })
