import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/** The folder next to both src/ and dist/. */
const PUBLIC = fileURLToPath(new URL('../../../public', import.meta.url))

/** Only files of this service, no inline scripts or styles, and no framing by other pages. */
const POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"]
}

/** `GET /`: the page. Its security headers are set here only: API answers do not need them. */
const pageRoute: FastifyPluginAsync = async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    // Only the proxy in front knows whether TLS is used.
    strictTransportSecurity: false
  })
  // File names have no version: with max-age=0 and an ETag a browser revalidates each time, and gets 304 if nothing changed.
  // Without a wildcard each file is a route, and a missing one is answered as any unknown path.
  await app.register(fastifyStatic, { root: `${PUBLIC}/assets`, prefix: '/assets/', wildcard: false, schemaHide: true })
  app.get('/', {
    schema: {
      summary: 'The page: enter a text, see the three scores',
      operationId: 'page',
      tags: ['pages'],
      response: { 200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } } }
    }
  }, (_request, reply) => reply.sendFile('index.html', PUBLIC))
}

export default pageRoute
