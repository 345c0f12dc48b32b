import { fileURLToPath } from 'node:url'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from 'typebox'
import { PAGE_POLICY, serveFiles } from '../static-files.ts'

/** Files of Swagger UI. Exact routes take precedence over the plugin's own route, which reads from disk. */
const SWAGGER_UI_FILES = fileURLToPath(new URL('static', import.meta.resolve('@fastify/swagger-ui')))

/** Swagger UI uses inline styles and its own fonts. */
const DOCS_POLICY = { ...PAGE_POLICY, 'style-src': ["'self'", "'unsafe-inline'"], 'font-src': ["'self'", 'data:'] }

/** `/openapi.json`, and its page at `/docs`, which loads nothing from other hosts. */
const docsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  let document: string | undefined
  app.get('/openapi.json', {
    schema: {
      summary: 'This document',
      operationId: 'openapi',
      tags: ['pages'],
      response: {
        200: {
          description: 'OpenAPI 3.1',
          content: { 'application/json': { schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }) } }
        }
      }
    }
  }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    // Serialized once, and sent as text.
    void reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').serializer((text) => text as string).send(document as never)
  })
  if (!app.config.WEB_UI) return
  serveFiles(app, SWAGGER_UI_FILES, '/docs/static/')
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Relative links: behind a proxy the path may have a prefix.
    indexPrefix: '.',
    staticCSP: DOCS_POLICY,
    // The page reads its own copy of the document, /docs/json, to which the server's address is relative.
    transformSpecification: (document) => ({ ...document, servers: [{ url: '../' }] }),
    theme: { title: 'sentiment-service: API' },
    uiConfig: { docExpansion: 'list', displayRequestDuration: true }
  })
}

export default docsRoutes
