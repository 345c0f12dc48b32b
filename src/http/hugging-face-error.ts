import type { FastifyError, FastifyRequest } from 'fastify'

/** text-embeddings-inference's names for kinds of error. Source: its router/src/http/types.rs; any other code is `Validation`. */
const ERROR_TYPES: Readonly<Record<string, string>> = {
  EMPTY_TEXT: 'Empty',
  OVERLOADED: 'Overloaded',
  RATE_LIMITED: 'Overloaded',
  NOT_READY: 'Unhealthy',
  TIMEOUT: 'Backend',
  INTERNAL: 'Backend'
}

/** What a Hugging Face or text-embeddings-inference client reads of an error. Nothing for a client of the other contracts. */
export function huggingFaceError (error: FastifyError, request: FastifyRequest): { error: string, error_type: string } | undefined {
  const { body } = request
  const asked = (request.method === 'POST' && request.routeOptions.url === '/') ||
    (typeof body === 'object' && body !== null && 'inputs' in body)
  return asked ? { error: error.message, error_type: ERROR_TYPES[error.code] ?? 'Validation' } : undefined
}
