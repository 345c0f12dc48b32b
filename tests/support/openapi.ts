import type { FastifyInstance } from 'fastify'
import type { OpenAPIV3_1 as OpenAPI } from 'openapi-types'
import Schema from 'typebox/schema'
import { expect } from 'vitest'

export type Document = Required<OpenAPI.Document>
type Response = OpenAPI.ResponseObject

export interface Received {
  statusCode: number
  headers: Record<string, unknown>
  body: string
}

/** The document that this service serves. */
export async function fetchDocument (app: FastifyInstance): Promise<Document> {
  return (await app.inject('/openapi.json')).json()
}

/** Every response that the document lists, as `METHOD path status`. */
export function documentedResponses (document: Document): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) => (['get', 'post'] as const).flatMap((method) =>
    Object.keys(item?.[method]?.responses ?? {}).map((status) => `${method.toUpperCase()} ${path} ${status}`)))
}

/** Checks status, headers, content type and body of an answer against the document. Returns its place in the document. */
export function checkResponse (document: Document, method: 'GET' | 'POST', path: string, response: Received): string {
  const place = `${method} ${path} ${response.statusCode}`
  const operation = document.paths[path]?.[method === 'GET' ? 'get' : 'post']
  const documented = dereference(document, operation?.responses[response.statusCode]) as Response | undefined
  expect(documented, `${place} is not in the document`).toBeDefined()
  for (const [name, header] of Object.entries(documented?.headers ?? {}) as [string, OpenAPI.HeaderObject][]) {
    if (header.required === true) expect(response.headers, `${place} lacks a header`).toHaveProperty(name)
  }
  const type = String(response.headers['content-type']).split(';', 1)[0] as string
  const media = documented?.content?.[type]
  expect(media, `${place}: ${type} is not in the document`).toBeDefined()
  if (/[/+]json$/.test(type)) {
    const [valid, errors] = Schema.Errors(media?.schema as object, JSON.parse(response.body))
    expect(valid, `${place}: ${JSON.stringify(errors)}`).toBe(true)
  }
  return place
}

/** A copy with what references point to in their place; the document has no cycles. */
function dereference (document: Document, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => dereference(document, item))
  if ('$ref' in value) {
    const target = (value.$ref as string).slice(2).split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document)
    return dereference(document, target)
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dereference(document, item)]))
}
