import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { ValidationError } from '../../errors.ts'
import { coalesceSameTick } from '../coalesce-same-tick.ts'
import { predictTexts } from '../prediction-request.ts'
import { explainHuggingFaceBody, HuggingFaceBody } from '../schemas/hugging-face.ts'
import { LabelScores } from '../schemas/predict.ts'
import { problems } from '../schemas/problem.ts'
import { rankedScores } from '../../prediction/answer.ts'

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
    const { predictions, labels } = await predictTexts(texts, reply, { truncate: true, waitForModel: true })
    reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
    const top = parameters?.top_k ?? labels.length
    return predictions.map(({ classification }) =>
      rankedScores(classification.logits, labels, parameters?.function_to_apply ?? 'softmax').slice(0, top))
  })
  done()
}

export default huggingFaceRoute
