import { Type, type Static } from 'typebox'

const truncate = Type.Optional(Type.Boolean({ default: true, description: 'Truncate a text beyond the model\'s token limit (true), or refuse it (false)' }))
const closed = { additionalProperties: false }
const bodies = { examples: [{ text: 'I love this!' }, { texts: ['I love this!', 'meh'] }, { inputs: [['I love this!'], ['meh']] }] }

const SingleBody = Type.Object({
  text: Type.String({ description: 'One text', examples: ['I love this!'] }),
  truncate
}, closed)

const BatchBody = Type.Object({
  texts: Type.Array(Type.String(), { description: 'Several texts; answered in the same order', examples: [['I love this!', 'meh']] }),
  truncate
}, closed)

/** The body of text-embeddings-inference's own `/predict`. */
const InputsBody = Type.Object({
  inputs: Type.Union([
    Type.String(),
    Type.Array(Type.String(), { description: 'A text pair: refused with 422' }),
    Type.Array(Type.Array(Type.String()))
  ], { description: 'One text, or a batch of one-text arrays', examples: [[['I love this!'], ['meh']]] }),
  truncate: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  truncation_direction: Type.Optional(Type.Literal('right')),
  raw_scores: Type.Optional(Type.Boolean({ default: false, description: 'Logits instead of probabilities' }))
}, closed)

/** Body of `POST /predict`: exactly one of `text`, `texts` and `inputs`. */
export const PredictBody = Type.Union([SingleBody, BatchBody, InputsBody], bodies)
export type PredictBody = Static<typeof PredictBody>
export type InputsBody = Static<typeof InputsBody>

const score = { minimum: 0, maximum: 1 }

/** One text's answer. */
export const Answer = Type.Object({
  label: Type.String({ examples: ['positive'] }),
  score: Type.Number({ ...score, description: 'Score of `label`' }),
  scores: Type.Record(Type.String(), Type.Number(score), { description: 'Score of every label; they sum to 1 within 1e-3' }),
  model: Type.String({ description: 'The model that answered' }),
  cached: Type.Boolean({ description: 'True if the answer was computed for an earlier request' }),
  truncated: Type.Boolean({ description: 'True if the text was truncated to the model\'s token limit' })
}, { title: 'Answer' })

export const BatchAnswer = Type.Object({ predictions: Type.Array(Answer), model: Type.String() }, { title: 'BatchAnswer' })

export const LabelScores = Type.Array(Type.Object({ label: Type.String(), score: Type.Number() }), { title: 'LabelScores', description: 'Labels with scores, best first' })

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
  const unknown = Object.keys(body).filter((key) => !(key in known))
  if (unknown.length > 0) return `Unknown property; allowed: ${Object.keys(known).join(', ')}`
  const value: unknown = (body as Record<string, unknown>)[kind]
  if (kind === 'text' && typeof value !== 'string') return 'text must be a string'
  if (kind === 'texts' && !isStrings(value)) return 'texts must be an array of strings'
  if (kind === 'inputs' && !isInputs(value)) return 'inputs must be a string, or an array of arrays that hold one string each'
  return 'Invalid option: truncate and raw_scores must be true or false, truncation_direction must be "right"'
}

function isStrings (value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isInputs (value: unknown): boolean {
  return typeof value === 'string' || isStrings(value) || (Array.isArray(value) && value.every(isStrings))
}
