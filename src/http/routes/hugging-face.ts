import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { ValidationError } from '../../errors.ts'
import { coalesceSameTick, predictTexts } from '../prediction-request.ts'
import { LabelScores } from '../schemas/predict.ts'
import { problems } from '../schemas/problem.ts'
import { rankedScores } from '../../prediction/answer.ts'
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
      top_k: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'Number of labels, best first; all if omitted' })),
      function_to_apply: Type.Optional(Type.Union([Type.Enum(['softmax', 'sigmoid', 'none']), Type.Null()], { description: 'Function from logits to scores; the model\'s own if omitted' }))
    }, closed),
    Type.Null()
  ])),
  options: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], { description: 'Options of the hosted service, such as wait_for_model; ignored' })),
  model: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Accepted for clients that name a model; ignored' }))
}, { ...closed, examples: [{ inputs: 'I love this!', parameters: { top_k: 1 } }, { inputs: ['I love this!', 'meh'] }] })
export type HuggingFaceBody = Static<typeof HuggingFaceBody>

/** Describes what is wrong with an invalid body; never repeats a text. */
export function explainHuggingFaceBody (body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object with inputs'
  const { inputs, parameters } = body as Record<string, unknown>
  const texts = Array.isArray(inputs) ? inputs : [inputs]
  if (!texts.every((text) => typeof text === 'string')) return 'inputs must be a string or an array of strings'
  if (Object.keys(body).some((key) => !Object.hasOwn(HuggingFaceBody.properties, key))) return 'Unknown property; allowed: inputs, parameters, options, model'
  if (parameters !== undefined && parameters !== null) {
    return 'Invalid parameters; allowed: top_k, an integer of at least 1, and function_to_apply, one of softmax, sigmoid, none'
  }
  return 'options must be an object, and model a string'
}

/** `POST /`: the Hugging Face Inference contract for text classification. */
const huggingFaceRoute: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.post('/', {
    schema: {
      summary: 'The Hugging Face Inference contract',
      operationId: 'huggingFace',
      tags: ['predictions'],
      body: HuggingFaceBody,
      response: {
        200: { description: 'One list per text', content: { 'application/json': { schema: { type: 'array', items: LabelScores } } } },
        ...problems(400, 413, 415, 422, 503, 504)
      }
    },
    preValidation: coalesceSameTick(),
    attachValidation: true
  }, async (request, reply) => {
    if (request.validationError !== undefined) throw new ValidationError(explainHuggingFaceBody(request.body))
    const { inputs, parameters } = request.body
    const texts = typeof inputs === 'string' ? [inputs] : inputs
    const { predictions, modelLabels: labels, scoreFunction } = await predictTexts(texts, reply, { truncate: true, waitForModel: true })
    reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
    const top = parameters?.top_k ?? labels.length
    return predictions.map(({ classification }) =>
      rankedScores(classification.logits, labels, parameters?.function_to_apply ?? scoreFunction).slice(0, top))
  })
  done()
}

export default huggingFaceRoute
