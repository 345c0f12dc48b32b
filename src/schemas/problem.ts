import { Type, type Static } from 'typebox'

/** Every error answer: RFC 9457 problem details, with a stable `code` and the request's id. */
export const Problem = Type.Object({
  type: Type.String({ description: 'URN of the kind of problem', examples: ['urn:sentiment:problem:validation'] }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  requestId: Type.String(),
  error: Type.Optional(Type.String({ description: 'The detail again, where a Hugging Face client asked' })),
  error_type: Type.Optional(Type.String({ description: 'The code in the words of text-embeddings-inference' }))
})
export type Problem = Static<typeof Problem>

/** Error answers of a route, by status. */
export function problems (...statuses: number[]): Record<number, unknown> {
  return Object.fromEntries(statuses.map((status) =>
    [status, { description: 'Problem details', content: { 'application/problem+json': { schema: Problem } } }]))
}
