import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Problem } from './problem.ts'

const truncate = Type.Optional(Type.Boolean({ default: true, description: 'Truncate a text beyond the model\'s token limit (true), or reject it (false)' }))
const closed = { additionalProperties: false }
const bodies = { examples: [{ text: 'I love this!' }, { texts: ['I love this!', 'meh'] }, { inputs: [['I love this!'], ['meh']] }] }

const unreadable = Type.Optional(Type.Enum(['warn', 'refuse'], {
  default: 'warn', description: 'Whether a text whose letters mostly belong to scripts that the model cannot read is answered with a warning, or rejected with 422 UNREADABLE'
}))

const SingleBody = Type.Object({
  text: Type.String({ description: 'One text', examples: ['I love this!'] }),
  truncate,
  unreadable,
  sentences: Type.Optional(Type.Boolean({ default: false, description: 'Predict each sentence, and the text as the mean of its sentences: texts beyond the token limit are read completely' }))
}, closed)

const BatchBody = Type.Object({
  texts: Type.Array(Type.String(), { description: 'Several texts; answered in the same order', examples: [['I love this!', 'meh']] }),
  truncate,
  unreadable,
  errors: Type.Optional(Type.Literal('fail', { default: 'fail', description: 'The first invalid text fails the request' }))
}, closed)

const InlineBatchBody = Type.Object({
  texts: Type.Array(Type.Unknown(), { description: 'Several texts; answered in the same order', examples: [['I love this!', '']] }),
  truncate,
  unreadable,
  errors: Type.Literal('inline', { description: 'An invalid text is replaced by an error, and the others are answered' })
}, closed)

/** The body of text-embeddings-inference's own `/predict`. */
const InputsBody = Type.Object({
  inputs: Type.Union([
    Type.String(),
    Type.Array(Type.String(), { description: 'An array with one text is that text; two are a text pair, which is rejected with 422' }),
    Type.Array(Type.Array(Type.String()))
  ], { description: 'One text, or a batch of one-text arrays', examples: [[['I love this!'], ['meh']]] }),
  truncate: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  truncation_direction: Type.Optional(Type.Enum(['Right', 'Left', 'right', 'left'], { description: 'Texts are truncated on the right only: with Left, a text beyond the token limit is rejected' })),
  raw_scores: Type.Optional(Type.Boolean({ default: false, description: 'Logits instead of probabilities' }))
}, closed)

/** Body of `POST /predict`: exactly one of `text`, `texts` and `inputs`. */
export const PredictBody = Type.Union([SingleBody, BatchBody, InlineBatchBody, InputsBody], bodies)
export type PredictBody = Static<typeof PredictBody>
export type SingleBody = Static<typeof SingleBody>
export type BatchBody = Static<typeof BatchBody>
export type InlineBatchBody = Static<typeof InlineBatchBody>
export type InputsBody = Static<typeof InputsBody>

const score = { minimum: 0, maximum: 1 }

/** One text's answer. */
export const Answer = Type.Object({
  label: Type.String({ examples: ['positive'] }),
  score: Type.Number({ ...score, description: 'Score of `label`' }),
  scores: Type.Record(Type.String(), Type.Number(score), { description: 'Score of every label. They sum to 1 within 1e-3, unless the labels of the model are independent of each other' }),
  model: Type.String({ description: 'The model that answered' }),
  cached: Type.Boolean({ description: 'True if the result was in the memory or Redis cache; false if it was computed, by this request or by a concurrent one' }),
  truncated: Type.Boolean({ description: 'True if the text was truncated to the model\'s token limit' }),
  tokens: Type.Integer({ minimum: 0, description: 'Number of tokens that the model read' }),
  warnings: Type.Optional(Type.Array(Type.Literal('SCRIPT'), {
    description: 'SCRIPT: more than half of the letters belong to scripts that the model cannot read, so the scores mean little. Absent if there is no warning'
  }))
}, { title: 'Answer' })

const Sentence = Type.Object({
  offset: Type.Integer({ minimum: 0, description: 'In UTF-16 code units' }),
  length: Type.Integer({ minimum: 1, description: 'In UTF-16 code units' }),
  label: Answer.properties.label,
  score: Answer.properties.score,
  scores: Answer.properties.scores,
  truncated: Answer.properties.truncated
}, { title: 'Sentence' })

/** The answer to a text with `sentences: true`. */
export const DocumentAnswer = Type.Object({
  ...Answer.properties,
  sentences: Type.Array(Sentence, { description: 'In the order of the text' }),
  mixed: Type.Boolean({ description: 'True if one sentence is positive and another negative, each with a score of 0.5 or more' })
}, { title: 'DocumentAnswer' })

export const BatchAnswer = Type.Object({ predictions: Type.Array(Answer), model: Type.String() }, { title: 'BatchAnswer' })

const InlineError = Type.Object({
  error: Type.Object({
    code: Type.String({ examples: ['EMPTY_TEXT'] }),
    status: Type.Integer({ examples: [422] }),
    title: Type.String(),
    detail: Type.String(),
    index: Type.Integer({ minimum: 0, description: 'Position of the text in the request' })
  })
}, { title: 'InlineError' })

/** The answer to a batch with `errors: "inline"`. */
export const InlineBatchAnswer = Type.Object({
  predictions: Type.Array(Type.Union([Answer, InlineError])),
  model: Type.String(),
  failed: Type.Integer({ minimum: 0, description: 'Number of texts that were rejected' })
}, { title: 'InlineBatchAnswer' })

export const LabelScores = Type.Array(Type.Object({ label: Type.String(), score: Type.Number() }), { title: 'LabelScores', description: 'Labels with scores, best first' })

/** JSON.parse rounds integers beyond this range: the answer would repeat another id. */
const exact = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }

const id = Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Number(exact)], { description: 'Chosen by the client; repeated in the answer. Larger numbers must be sent as strings' }))

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

/** Whether a parsed line is valid. */
export function isStreamLine (value: unknown): value is StreamLine {
  return validator.Check(value)
}

const KINDS = ['text', 'texts', 'inputs'] as const

/** Describes what is wrong with an invalid body; never repeats a text. */
export function explainBody (body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object with one of text, texts and inputs'
  const given = KINDS.filter((kind) => kind in body)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    return `The body must have exactly one of text, texts and inputs; it has ${given.length === 0 ? 'none' : given.join(' and ')}`
  }
  const known = { text: SingleBody, texts: BatchBody, inputs: InputsBody }[kind].properties
  const unknown = Object.keys(body).filter((key) => !Object.hasOwn(known, key))
  if (unknown.length > 0) return `Unknown property; allowed: ${Object.keys(known).join(', ')}`
  const value: unknown = (body as Record<string, unknown>)[kind]
  if (kind === 'text' && typeof value !== 'string') return 'text must be a string'
  const { errors } = body as { errors?: unknown }
  if (errors !== undefined && errors !== 'fail' && errors !== 'inline') return 'errors must be "fail" or "inline"'
  if (kind === 'texts' && !(errors === 'inline' ? Array.isArray(value) : isStrings(value))) return 'texts must be an array of strings'
  if (kind === 'inputs' && !isInputs(value)) return 'inputs must be a string, or an array of arrays that hold one string each'
  return 'Invalid option: truncate, sentences and raw_scores must be true or false, unreadable "warn" or "refuse", truncation_direction Right or Left'
}

function isStrings (value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isInputs (value: unknown): boolean {
  return typeof value === 'string' || isStrings(value) || (Array.isArray(value) && value.every(isStrings))
}

/** Describes what is wrong with an invalid line; never repeats a text. */
export function explainLine (value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'A line must be a JSON string, or an object with text'
  const { text, truncate, unreadable, id: given, ...unknown } = value as Record<string, unknown>
  if (typeof text !== 'string') return text === undefined ? 'The line has no text' : 'text must be a string'
  if (Object.keys(unknown).length > 0) return 'Unknown property; allowed: text, truncate, unreadable, id'
  if (truncate !== undefined && typeof truncate !== 'boolean') return 'truncate must be true or false'
  if (unreadable !== undefined && unreadable !== 'warn' && unreadable !== 'refuse') return 'unreadable must be "warn" or "refuse"'
  return given === undefined ? 'Invalid line' : 'id must be a string of at most 128 characters, or a number from -9007199254740991 to 9007199254740991'
}
