import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenAPIV3_1 as OpenAPI } from 'openapi-types'
import { needsKey } from '../../auth/guard.ts'
import { PROBLEM, problemExamples, problems } from '../schemas/problem.ts'
import { VERSION } from '../../logger.ts'

type OpenApiDocument = Partial<OpenAPI.Document>
type Schemas = Record<string, OpenAPI.SchemaObject>
type Responses = Record<string, OpenAPI.ResponseObject>

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

const HEADERS: Readonly<Record<string, OpenAPI.HeaderObject>> = {
  RequestId: { description: 'The caller\'s x-request-id, or a generated one', required: true, schema: { type: 'string', minLength: 1 } },
  ServerTiming: { description: 'Milliseconds by stage: cache, queue, inference', schema: { type: 'string' }, example: 'cache;dur=0.021, queue;dur=0.000, inference;dur=3.204' },
  RetryAfter: { description: 'Seconds to wait before a retry', required: true, schema: { type: 'integer', minimum: 1 } },
  WwwAuthenticate: { description: 'How to authenticate', required: true, schema: { type: 'string' } }
}

/** Adds what all routes share: headers of answers, examples of errors, and references to shared schemas. */
function completeDocument (given: OpenApiDocument): OpenApiDocument {
  const document = structuredClone(given)
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of [item?.get, item?.post]) {
      for (const [status, response] of Object.entries((operation?.responses ?? {}) as Responses)) {
        const problem = response.content?.[PROBLEM]
        response.headers = { ...listHeaders(status, problem !== undefined, item?.post !== undefined && operation === item.post), ...response.headers }
        if (problem !== undefined) problem.examples = problemExamples(Number(status))
      }
    }
  }
  // Relative to the document: behind a proxy the path may have a prefix. @fastify/swagger accepts absolute paths only.
  document.servers = [{ url: './' }]
  const schemas: Schemas = {}
  document.paths = withReferences(document.paths, schemas) as NonNullable<OpenApiDocument['paths']>
  document.components = { ...document.components, headers: { ...HEADERS }, schemas: { ...document.components?.schemas, ...schemas } }
  return document
}

function listHeaders (status: string, problem: boolean, predicts: boolean): Record<string, OpenAPI.ReferenceObject> {
  const reference = (name: string): OpenAPI.ReferenceObject => ({ $ref: `#/components/headers/${name}` })
  return {
    'x-request-id': reference('RequestId'),
    ...(predicts && status === '200' && { 'server-timing': reference('ServerTiming') }),
    ...(problem && ['429', '503'].includes(status) && { 'retry-after': reference('RetryAfter') }),
    ...(status === '401' && { 'www-authenticate': reference('WwwAuthenticate') })
  }
}

/** A copy of `value` in which each schema with a title is replaced by a reference, and added to `schemas` under its title. */
function withReferences (value: unknown, schemas: Schemas): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withReferences(item, schemas))
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) =>
    [key, key === 'example' || key === 'examples' ? item as unknown : withReferences(item, schemas)]))
  const { title } = copy
  if (typeof title !== 'string') return copy
  schemas[title] ??= copy
  return { $ref: `#/components/schemas/${title}` }
}
