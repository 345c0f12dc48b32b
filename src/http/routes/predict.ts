import { Readable } from 'node:stream'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import fastJson from 'fast-json-stringify'
import { TextPairError, ValidationError } from '../../errors.ts'
import { coalesceSameTick } from '../coalesce-same-tick.ts'
import { NDJSON } from '../ndjson.ts'
import { predictTexts } from '../prediction-request.ts'
import { problems } from '../schemas/problem.ts'
import { Answer, BatchAnswer, explainBody, LabelScores, PredictBody, type InputsBody } from '../schemas/predict.ts'
import { StreamAnswer, StreamLine, StreamProblem } from '../schemas/stream.ts'
import { rankedScores, sentimentAnswer } from '../../prediction/answer.ts'
import { predictStream } from './predict-stream.ts'

const writeAnswer = fastJson(Answer)
const writeBatch = fastJson(BatchAnswer)

export interface PredictRouteOptions {
  /** Idle limit of a stream in milliseconds. */
  streamIdleMs: number
}

/** `POST /predict`: the sentiment of one text, of several, or of a stream of them. */
const predictRoute: FastifyPluginCallbackTypebox<PredictRouteOptions> = (app, { streamIdleMs }, done) => {
  // A stream is read while it is answered: only the length of a line is limited.
  app.addContentTypeParser(NDJSON, (_request, payload, parsed) => { parsed(null, payload) })

  app.post('/predict', {
    schema: {
      summary: 'The sentiment of one text, of several, or of a stream of lines',
      operationId: 'predict',
      tags: ['predictions'],
      body: { content: { 'application/json': { schema: PredictBody }, [NDJSON]: { schema: StreamLine } } },
      response: {
        200: { description: 'In the format of the request', content: { 'application/json': { schema: { anyOf: [Answer, BatchAnswer, LabelScores, { type: 'array', items: LabelScores }] } }, [NDJSON]: { schema: { anyOf: [StreamAnswer, StreamProblem] } } } },
        ...problems(400, 413, 415, 422, 503, 504)
      }
    },
    preValidation: coalesceSameTick(),
    attachValidation: true
  }, async (request, reply) => {
    if (request.body instanceof Readable) return predictStream(app, request.body, request, reply, streamIdleMs)
    if (request.validationError !== undefined || request.body === undefined) throw new ValidationError(explainBody(request.body))
    const body = request.body as PredictBody
    const truncate = body.truncate ?? true
    reply.type('application/json; charset=utf-8')
    if ('text' in body) {
      const { predictions: [prediction], labels, model } = await predictTexts([body.text], reply, { truncate })
      reply.serializer(writeAnswer)
      return sentimentAnswer(prediction as NonNullable<typeof prediction>, labels, model)
    }
    if ('texts' in body) {
      const { predictions, labels, model } = await predictTexts(body.texts, reply, { truncate })
      reply.serializer(writeBatch)
      return { predictions: predictions.map((prediction) => sentimentAnswer(prediction, labels, model)), model }
    }
    const { predictions, labels } = await predictTexts(toTexts(body.inputs), reply, { truncate })
    const ranked = predictions.map(({ classification }) =>
      rankedScores(classification.logits, labels, body.raw_scores === true ? 'none' : 'softmax'))
    reply.serializer(JSON.stringify)
    return typeof body.inputs === 'string' ? ranked[0] : ranked
  })
  done()
}

/** The texts of text-embeddings-inference's `inputs`: one string, or arrays of one string each. */
function toTexts (inputs: InputsBody['inputs']): string[] {
  if (typeof inputs === 'string') return [inputs]
  return inputs.map((item) => {
    if (typeof item === 'string' || item.length !== 1) throw new TextPairError()
    return item[0] as string
  })
}

export default predictRoute
