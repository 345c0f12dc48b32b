import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/** Beside src/ and dist/ alike. */
const PUBLIC = fileURLToPath(new URL('../../../public', import.meta.url))

/** Only files of this service, no inline script or style, and no frame around it. */
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

/** `GET /`: a page for people. Its headers are its own; answers of the API don't pay for them. */
const pageRoute: FastifyPluginAsync = async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    // Whether the host is reached through TLS is for the proxy in front to say.
    strictTransportSecurity: false
  })
  // Names have no version in them. max-age=0 and an ETag: a browser asks each time, and gets 304 where nothing changed.
  // Without a wildcard each file is a route: what is not there is 404 in the contract's words.
  await app.register(fastifyStatic, { root: `${PUBLIC}/assets`, prefix: '/assets/', wildcard: false, schemaHide: true })
  app.get('/', {
    schema: {
      summary: 'A page for people: type a text, see the three scores',
      operationId: 'page',
      tags: ['pages'],
      response: { 200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } } }
    }
  }, (_request, reply) => reply.sendFile('index.html', PUBLIC))
}

export default pageRoute
