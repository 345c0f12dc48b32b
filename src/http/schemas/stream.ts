import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Answer } from './predict.ts'
import { Problem } from './problem.ts'

const id = Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Number()], { description: 'Yours: it comes back with the answer' }))

/** One line of an NDJSON request: a text, or an object. */
export const StreamLine = Type.Union([
  Type.String({ description: 'One text', examples: ['I love this!'] }),
  Type.Object({
    text: Type.String({ examples: ['I love this!'] }),
    truncate: Type.Optional(Type.Boolean({ default: true })),
    id
  }, { additionalProperties: false })
], { description: 'One line; a request has any number of them' })
export type StreamLine = Static<typeof StreamLine>

/** The line that answers a line. */
export const StreamAnswer = Type.Object({ id, ...Answer.properties })

/** The line that stands in the place of an answer: a problem, and which line it is about. */
export const StreamProblem = Type.Object({
  line: Type.Integer({ minimum: 1, description: 'Line of the request, counted from 1, blank lines included' }),
  id,
  ...Problem.properties
})
export type StreamProblem = Static<typeof StreamProblem>

const validator = Compile(StreamLine)

export function isStreamLine (value: unknown): value is StreamLine {
  return validator.Check(value)
}

/** Says in words what is wrong with a line that StreamLine refuses; never repeats a text. */
export function explainLine (value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'A line is a JSON string, or an object with text'
  const { text, truncate, id: given, ...unknown } = value as Record<string, unknown>
  if (typeof text !== 'string') return text === undefined ? 'The line has no text' : 'text must be a string'
  if (Object.keys(unknown).length > 0) return 'Beside text a line takes truncate and id only'
  if (truncate !== undefined && typeof truncate !== 'boolean') return 'truncate must be true or false'
  return given === undefined ? 'The line is not valid' : 'id must be a number, or a string of at most 128 characters'
}
