import { Type, type Static } from 'typebox'

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

/** Error answers of a route, by status. */
export function problems (...statuses: number[]): Record<number, unknown> {
  return Object.fromEntries(statuses.map((status) =>
    [status, { description: 'Problem details', content: { 'application/problem+json': { schema: Problem } } }]))
}
