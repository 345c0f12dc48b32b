import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Answer } from './predict.ts'
import { Problem } from './problem.ts'

const id = Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Number()], { description: 'Chosen by the client; repeated in the answer' }))

/** One line of an NDJSON request: a text, or an object. */
export const StreamLine = Type.Union([
  Type.String({ description: 'One text', examples: ['I love this!'] }),
  Type.Object({
    text: Type.String({ examples: ['I love this!'] }),
    truncate: Type.Optional(Type.Boolean({ default: true })),
    unreadable: Type.Optional(Type.Enum(['warn', 'refuse'], { default: 'warn' })),
    id
  }, { additionalProperties: false })
], { description: 'One line of a request, which may have any number of them' })
export type StreamLine = Static<typeof StreamLine>

/** The answer to a line. */
export const StreamAnswer = Type.Object({ id, ...Answer.properties })

/** The line sent instead of an answer: a problem and the number of its line. */
export const StreamProblem = Type.Object({
  line: Type.Integer({ minimum: 1, description: 'Line number in the request, from 1, counting blank lines' }),
  id,
  ...Problem.properties
})
export type StreamProblem = Static<typeof StreamProblem>

const validator = Compile(StreamLine)

export function isStreamLine (value: unknown): value is StreamLine {
  return validator.Check(value)
}

/** Describes what is wrong with an invalid line; never repeats a text. */
export function explainLine (value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'A line must be a JSON string, or an object with text'
  const { text, truncate, unreadable, id: given, ...unknown } = value as Record<string, unknown>
  if (typeof text !== 'string') return text === undefined ? 'The line has no text' : 'text must be a string'
  if (Object.keys(unknown).length > 0) return 'Unknown property; allowed: text, truncate, unreadable, id'
  if (truncate !== undefined && typeof truncate !== 'boolean') return 'truncate must be true or false'
  if (unreadable !== undefined && unreadable !== 'warn' && unreadable !== 'refuse') return 'unreadable must be "warn" or "refuse"'
  return given === undefined ? 'Invalid line' : 'id must be a number, or a string of at most 128 characters'
}
