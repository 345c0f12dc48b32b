import type { OpenAPIV3_1 as OpenAPI } from 'openapi-types'
import { PROBLEM, problemExamples } from './schemas/problem.ts'

export type OpenApiDocument = Partial<OpenAPI.Document>
type Schemas = Record<string, OpenAPI.SchemaObject>
type Responses = Record<string, OpenAPI.ResponseObject>

const HEADERS: Readonly<Record<string, OpenAPI.HeaderObject>> = {
  RequestId: { description: 'The caller\'s x-request-id, or a generated one', required: true, schema: { type: 'string', minLength: 1 } },
  ServerTiming: { description: 'Milliseconds by stage: cache, queue, inference', schema: { type: 'string' }, example: 'cache;dur=0.021, queue;dur=0.000, inference;dur=3.204' },
  RetryAfter: { description: 'Seconds to wait before a retry', required: true, schema: { type: 'integer', minimum: 1 } },
  WwwAuthenticate: { description: 'How to authenticate', required: true, schema: { type: 'string' } }
}

/** Adds what all routes share: headers of answers, examples of errors, and references to shared schemas. */
export function completeDocument (given: OpenApiDocument): OpenApiDocument {
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
