import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** The effective configuration, already read and checked (src/config.ts). */
export default fp((app: FastifyInstance, { config }: { config: Config }, done) => {
  app.decorate('config', config)
  done()
}, { name: 'config' })
