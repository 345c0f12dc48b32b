import { Type, type Static } from 'typebox'

/** Every error answer: RFC 9457 problem details, with a stable `code` and the request's id. */
export const Problem = Type.Object({
  type: Type.String({ description: 'URN of the kind of problem', examples: ['urn:sentiment:problem:validation'] }),
  title: Type.String({ description: 'The kind of problem, in words' }),
  status: Type.Integer({ description: 'The HTTP status' }),
  detail: Type.String({ description: 'What was wrong with this request; never repeats a text' }),
  code: Type.String({ description: 'Stable: programs may rely on it' }),
  requestId: Type.String({ description: 'The same as the header x-request-id' }),
  error: Type.Optional(Type.String({ description: 'The detail again, where a Hugging Face client asked' })),
  error_type: Type.Optional(Type.String({ description: 'The code in the words of text-embeddings-inference' }))
}, { title: 'Problem' })
export type Problem = Static<typeof Problem>

/** Error answers of a route, by status. */
export function problems (...statuses: number[]): Record<number, unknown> {
  return Object.fromEntries(statuses.map((status) =>
    [status, { description: 'Problem details', content: { 'application/problem+json': { schema: Problem } } }]))
}
