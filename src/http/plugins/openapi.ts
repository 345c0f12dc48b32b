import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { needsKey } from '../../auth/guard.ts'
import { completeDocument, type OpenApiDocument } from '../openapi-document.ts'
import { PROBLEM, problems } from '../schemas/problem.ts'
import { VERSION } from '../../logger.ts'

const DESCRIPTION = `Classifies short English texts as negative, neutral or positive.

Every error is \`${PROBLEM}\` (RFC 9457) with a stable \`code\`. In addition to the answers listed for each operation, any
request may get 404 \`NOT_FOUND\` (route not found), 405 \`METHOD_NOT_ALLOWED\` (with \`Allow\`), 408 \`REQUEST_TIMEOUT\`
(headers sent too slowly), 429 \`RATE_LIMITED\` (too many rejected requests) and 431 \`HEADERS_TOO_LARGE\`.`

const KEY = [{ apiKey: [] }]

/** Collects the schemas of all routes that are registered later into an OpenAPI 3.1 document. */
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
