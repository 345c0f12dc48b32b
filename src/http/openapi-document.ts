import type { OpenAPIV3_1 as OpenAPI } from 'openapi-types'
import { problemExamples } from './problem-examples.ts'

export type OpenApiDocument = Partial<OpenAPI.Document>
type Schemas = Record<string, OpenAPI.SchemaObject>
type Responses = Record<string, OpenAPI.ResponseObject>

const PROBLEM = 'application/problem+json'

export const DESCRIPTION = `Whether a short English text is negative, neutral or positive.

Every error is \`${PROBLEM}\` (RFC 9457) with a stable \`code\`. Beside the answers that each operation lists, any request
may get 404 \`NOT_FOUND\` (no such route), 405 \`METHOD_NOT_ALLOWED\` (with \`Allow\`), 408 \`REQUEST_TIMEOUT\` (headers
sent too slowly) and 431 \`HEADERS_TOO_LARGE\`.`

const HEADERS: Readonly<Record<string, OpenAPI.HeaderObject>> = {
  RequestId: { description: 'The caller\'s x-request-id, or one that was made', required: true, schema: { type: 'string', minLength: 1 } },
  ServerTiming: { description: 'Milliseconds by stage: cache, queue, inference', schema: { type: 'string' }, example: 'cache;dur=0.021, queue;dur=0.000, inference;dur=3.204' },
  RetryAfter: { description: 'When to come back, in seconds', required: true, schema: { type: 'integer', minimum: 1 } },
  WwwAuthenticate: { description: 'How to authenticate', required: true, schema: { type: 'string' } }
}

/** What no single route knows: the headers that every answer has, errors' examples, and names for shared schemas. */
export function completeDocument (given: OpenApiDocument): OpenApiDocument {
  const document = structuredClone(given)
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of [item?.get, item?.post]) {
      for (const [status, response] of Object.entries((operation?.responses ?? {}) as Responses)) {
        const problem = response.content?.[PROBLEM]
        response.headers = { ...headersOf(status, problem !== undefined, item?.post !== undefined && operation === item.post), ...response.headers }
        if (problem !== undefined) problem.examples = problemExamples(Number(status))
      }
    }
  }
  const schemas: Schemas = {}
  document.paths = withReferences(document.paths, schemas) as NonNullable<OpenApiDocument['paths']>
  document.components = { ...document.components, headers: { ...HEADERS }, schemas: { ...document.components?.schemas, ...schemas } }
  return document
}

function headersOf (status: string, problem: boolean, predicts: boolean): Record<string, OpenAPI.ReferenceObject> {
  const of = (name: string): OpenAPI.ReferenceObject => ({ $ref: `#/components/headers/${name}` })
  return {
    'x-request-id': of('RequestId'),
    ...(predicts && status === '200' && { 'server-timing': of('ServerTiming') }),
    ...(problem && ['429', '503'].includes(status) && { 'retry-after': of('RetryAfter') }),
    ...(status === '401' && { 'www-authenticate': of('WwwAuthenticate') })
  }
}

/** A copy of `value` in which a reference takes the place of each schema with a title; `schemas` gets it under that name. */
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
