import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import fastJson from 'fast-json-stringify'
import { TextPairError, ValidationError } from '../../errors.ts'
import { clientDisconnected } from '../client-disconnected.ts'
import { coalesceSameTick } from '../coalesce-same-tick.ts'
import { NDJSON } from '../ndjson.ts'
import { serverTiming } from '../server-timing.ts'
import { problems } from '../schemas/problem.ts'
import { Answer, BatchAnswer, explainBody, LabelScores, PredictBody, type InputsBody } from '../schemas/predict.ts'
import { StreamAnswer, StreamLine, StreamProblem } from '../schemas/stream.ts'
import { rankedScores, sentimentAnswer, type PredictionSet } from '../../prediction/answer.ts'
import { predictStream } from './predict-stream.ts'

const writeAnswer = fastJson(Answer)
const writeBatch = fastJson(BatchAnswer)

export interface PredictRouteOptions {
  /** Longest time in milliseconds in which nothing of a stream moves. */
  streamIdleMs: number
}

/** `POST /predict`: the sentiment of one text, of several, or of a stream of them. */
const predictRoute: FastifyPluginCallbackTypebox<PredictRouteOptions> = (app, { streamIdleMs }, done) => {
  // A stream is read line by line while it is answered: no limit but a line's.
  app.addContentTypeParser(NDJSON, (_request, payload, parsed) => { parsed(null, payload) })

  const predict = async (texts: readonly string[], truncate: boolean | null | undefined, reply: FastifyReply): Promise<PredictionSet> => {
    const result = await app.predictor.predict(texts, { truncate: truncate ?? true, signal: () => clientDisconnected(reply) })
    reply.header('server-timing', serverTiming(result.timings))
    return result
  }

  app.post('/predict', {
    schema: {
      summary: 'The sentiment of one text, of several, or of a stream of lines',
      operationId: 'predict',
      tags: ['predictions'],
      body: { content: { 'application/json': { schema: PredictBody }, [NDJSON]: { schema: StreamLine } } },
      response: {
        200: { description: 'In the shape of the request', content: { 'application/json': { schema: { anyOf: [Answer, BatchAnswer, LabelScores, { type: 'array', items: LabelScores }] } }, [NDJSON]: { schema: { anyOf: [StreamAnswer, StreamProblem] } } } },
        ...problems(400, 413, 415, 422, 503, 504)
      }
    },
    preValidation: coalesceSameTick(),
    attachValidation: true
  }, async (request, reply) => {
    if (request.body instanceof Readable) return predictStream(app, request.body, request, reply, streamIdleMs)
    if (request.validationError !== undefined || request.body === undefined) throw new ValidationError(explainBody(request.body))
    const body = request.body as PredictBody
    reply.type('application/json; charset=utf-8')
    if ('text' in body) {
      const { predictions: [prediction], labels, model } = await predict([body.text], body.truncate, reply)
      reply.serializer(writeAnswer)
      return sentimentAnswer(prediction as NonNullable<typeof prediction>, labels, model)
    }
    if ('texts' in body) {
      const { predictions, labels, model } = await predict(body.texts, body.truncate, reply)
      reply.serializer(writeBatch)
      return { predictions: predictions.map((prediction) => sentimentAnswer(prediction, labels, model)), model }
    }
    const { predictions, labels } = await predict(textsOf(body.inputs), body.truncate, reply)
    const ranked = predictions.map(({ classification }) =>
      rankedScores(classification.logits, labels, body.raw_scores === true ? 'none' : 'softmax'))
    reply.serializer(JSON.stringify)
    return typeof body.inputs === 'string' ? ranked[0] : ranked
  })
  done()
}

/** The texts of text-embeddings-inference's `inputs`: one string, or arrays of one string each. */
function textsOf (inputs: InputsBody['inputs']): string[] {
  if (typeof inputs === 'string') return [inputs]
  return inputs.map((item) => {
    if (typeof item === 'string' || item.length !== 1) throw new TextPairError()
    return item[0] as string
  })
}

export default predictRoute
