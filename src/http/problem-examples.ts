import type { FastifyError } from 'fastify'
import {
  BatchSizeError, BodyTooLargeError, EmptyTextError, notReady, overloaded, rateLimited, RequestTimeoutError, TextPairError, textTooLong, TimeoutError,
  UnauthorizedError, UnsupportedMediaTypeError, ValidationError
} from '../errors.ts'
import type { Problem } from './schemas/problem.ts'
import { toProblem } from './problem.ts'

const REQUEST_ID = '0b9f6f4e-6d0a-4a53-9c55-1c9c0e3f7a11'

/** One error of each code, with the limits' defaults. */
const errors = (): unknown[] => [
  new ValidationError('The body must have exactly one of text, texts and inputs; it has none'),
  new UnauthorizedError('Send an API key as "Authorization: Bearer KEY"'),
  new RequestTimeoutError(),
  new BodyTooLargeError(1 << 20),
  new UnsupportedMediaTypeError(),
  new EmptyTextError(0),
  textTooLong(0, 12_345, 'characters', 10_000),
  new BatchSizeError(129, 128),
  new TextPairError(),
  rateLimited('At most 60 requests a minute', 12_000),
  overloaded(2),
  notReady('The model is being loaded'),
  new TimeoutError(10_000)
]

/** Error answers with this status, by code, as the OpenAPI document shows them. */
export function problemExamples (status: number): Record<string, { value: Problem }> {
  return Object.fromEntries((errors() as FastifyError[])
    .filter(({ statusCode }) => statusCode === status)
    .map((error) => [error.code, { value: toProblem(error, REQUEST_ID) }]))
}
