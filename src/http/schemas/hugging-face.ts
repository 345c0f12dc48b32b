import { Type, type Static } from 'typebox'

const closed = { additionalProperties: false }

/** Body of `POST /`: what `@huggingface/inference` and `huggingface_hub` send for text classification. */
export const HuggingFaceBody = Type.Object({
  inputs: Type.Union([
    Type.String({ description: 'One text' }),
    Type.Array(Type.String(), { description: 'Several texts; answered in the same order' })
  ], { examples: ['I love this!', ['I love this!', 'meh']] }),
  parameters: Type.Optional(Type.Union([
    Type.Object({
      top_k: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'How many labels, best first; all of them where it is not given' })),
      function_to_apply: Type.Optional(Type.Union([Type.Enum(['softmax', 'sigmoid', 'none']), Type.Null()], { description: 'How logits become scores; softmax where it is not given' }))
    }, closed),
    Type.Null()
  ])),
  options: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], { description: 'Hints to the hosted service, such as wait_for_model: they have no meaning here' })),
  model: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Taken from clients that name one; the service answers with its own' }))
}, { ...closed, examples: [{ inputs: 'I love this!', parameters: { top_k: 1 } }, { inputs: ['I love this!', 'meh'] }] })
export type HuggingFaceBody = Static<typeof HuggingFaceBody>

/** Says in words what is wrong with a body that HuggingFaceBody refuses; never repeats a text. */
export function explainHuggingFaceBody (body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object with inputs'
  const { inputs, parameters } = body as Record<string, unknown>
  const texts = Array.isArray(inputs) ? inputs : [inputs]
  if (!texts.every((text) => typeof text === 'string')) return 'inputs must be a string or an array of strings'
  if (Object.keys(body).some((key) => !(key in HuggingFaceBody.properties))) return 'Beside inputs the body takes parameters, options and model only'
  if (parameters !== undefined && parameters !== null) {
    return 'parameters takes top_k, a whole number of at least 1, and function_to_apply, one of softmax, sigmoid and none'
  }
  return 'options must be an object, and model a string'
}
