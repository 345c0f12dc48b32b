import type { FastifyError } from 'fastify'
import { Type, type Static } from 'typebox'
import {
  BatchSizeError, BodyTooLargeError, EmptyTextError, notReady, overloaded, PROBLEM_TITLES, rateLimited, RequestTimeoutError, TextPairError, textTooLong,
  TimeoutError, UnauthorizedError, UnsupportedMediaTypeError, ValidationError
} from '../../errors.ts'

/** Media type of error answers. */
export const PROBLEM = 'application/problem+json'

/** Body of every error answer: RFC 9457 problem details, with a stable `code` and the request id. */
export const Problem = Type.Object({
  type: Type.String({ description: 'URN of the kind of problem', examples: ['urn:sentiment:problem:validation'] }),
  title: Type.String({ description: 'The kind of problem' }),
  status: Type.Integer({ description: 'The HTTP status' }),
  detail: Type.String({ description: 'What is wrong with this request; never repeats a text' }),
  code: Type.String({ description: 'Stable identifier for programs' }),
  requestId: Type.String({ description: 'Same as the x-request-id header' }),
  error: Type.Optional(Type.String({ description: 'Same as detail; only for Hugging Face clients' })),
  error_type: Type.Optional(Type.String({ description: 'The error type of text-embeddings-inference; only for Hugging Face clients' }))
}, { title: 'Problem' })
export type Problem = Static<typeof Problem>

/** The RFC 9457 body of an error of the catalogue. */
export function toProblem (error: FastifyError, requestId: string): Problem {
  return {
    type: `urn:sentiment:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: PROBLEM_TITLES[error.code] ?? 'Error',
    status: error.statusCode ?? 500,
    detail: error.message,
    code: error.code,
    requestId
  }
}

/** Error answers of a route, by status. */
export function problems (...statuses: number[]): Record<number, unknown> {
  return Object.fromEntries(statuses.map((status) =>
    [status, { description: 'Problem details', content: { [PROBLEM]: { schema: Problem } } }]))
}

const REQUEST_ID = '0b9f6f4e-6d0a-4a53-9c55-1c9c0e3f7a11'

/** One error of each code, with the default limits. */
const listErrors = (): unknown[] => [
  new ValidationError('The body must have exactly one of text, texts and inputs; it has none'),
  new UnauthorizedError('Send an API key as "Authorization: Bearer KEY"'),
  new RequestTimeoutError(),
  new BodyTooLargeError(1 << 20),
  new UnsupportedMediaTypeError(),
  new EmptyTextError(0),
  textTooLong(0, 12_345, 'characters', 10_000),
  new BatchSizeError(129, 128),
  new TextPairError(),
  rateLimited('Limited to 600 texts per minute', 12_000),
  overloaded(2),
  notReady('The model is loading'),
  new TimeoutError(10_000)
]

/** Example answers for the errors with this status, by code. */
export function problemExamples (status: number): Record<string, { value: Problem }> {
  return Object.fromEntries((listErrors() as FastifyError[])
    .filter(({ statusCode }) => statusCode === status)
    .map((error) => [error.code, { value: toProblem(error, REQUEST_ID) }]))
}
