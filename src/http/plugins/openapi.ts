import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { needsKey } from '../../auth/guard.ts'
import { completeDocument, DESCRIPTION, type OpenApiDocument } from '../openapi-document.ts'
import { problems } from '../schemas/problem.ts'
import { VERSION } from '../../logger.ts'

const KEY = [{ apiKey: [] }]

/** Collects the schemas of all routes registered after it into an OpenAPI 3.1 document. */
export default fp(async (app: FastifyInstance) => {
  // Without API_KEYS a key is optional and ignored.
  const security = app.config.API_KEYS === '' ? [{}, ...KEY] : KEY
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'sentiment-service', version: VERSION, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      tags: [
        { name: 'predictions', description: 'Sentiment of texts' },
        { name: 'status', description: 'State of the service' },
        { name: 'pages', description: 'Page and documentation' }
      ],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'One of API_KEYS, if the operator has set any' } }
      }
    },
    transform: ({ schema, url, route }) => {
      const methods = [route.method].flat()
      const keyed = methods.some((method) => needsKey(method, url))
      const statuses = [...(methods.includes('POST') ? [408] : []), ...(keyed ? [401, 429] : [])]
      const given: FastifySchema & { hide?: boolean } = schema ?? {}
      if (given.hide === true || statuses.length === 0) return { schema: given, url }
      return { schema: { ...given, ...(keyed && { security }), response: { ...given.response as object, ...problems(...statuses) } }, url }
    },
    // OpenAPI 3.1 supports const, which TypeBox uses for literals.
    convertConstToEnum: false,
    transformObject: (made) => 'openapiObject' in made ? completeDocument(made.openapiObject as OpenApiDocument) : made.swaggerObject
  })
}, { name: 'openapi', dependencies: ['auth'] })
