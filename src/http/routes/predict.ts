import { Readable } from 'node:stream'
import type { FastifyError, FastifyReply } from 'fastify'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import fastJson from 'fast-json-stringify'
import type { Static } from 'typebox'
import { TextPairError, ValidationError } from '../../errors.ts'
import { coalesceSameTick, predictTexts } from '../prediction-request.ts'
import { NDJSON } from '../ndjson.ts'
import { Pacer } from '../pacer.ts'
import { problems, toProblem } from '../schemas/problem.ts'
import {
  Answer, BatchAnswer, DocumentAnswer as DocumentSchema, explainBody, InlineBatchAnswer, LabelScores, PredictBody, StreamAnswer, StreamLine,
  StreamProblem, type BatchBody, type InlineBatchBody, type InputsBody, type SingleBody
} from '../schemas/predict.ts'
import { rankedScores, toSentimentAnswer, type LabelScore, type Prediction, type SentimentAnswer } from '../../prediction/answer.ts'
import { predictWithInlineErrors } from '../../prediction/batch.ts'
import { predictDocument, type DocumentAnswer } from '../../prediction/document.ts'
import { predictStream } from './predict-stream.ts'

const writeAnswer = fastJson(Answer)
const writeDocument = fastJson(DocumentSchema)
const writeBatch = fastJson(BatchAnswer)

/** Groups of lines that start in one tick of the event loop, for all streams together. */
const GROUPS_PER_TICK = 4

export interface PredictRouteOptions {
  /** Idle limit of a stream in milliseconds. */
  streamIdleMs: number
}

/** `POST /predict`: the sentiment of one text, of several, or of a stream of them. */
const predictRoute: FastifyPluginCallbackTypebox<PredictRouteOptions> = (app, { streamIdleMs }, done) => {
  // A stream is read while it is answered: only the length of a line is limited.
  app.addContentTypeParser(NDJSON, (_request, payload, parsed) => { parsed(null, payload) })

  const pacer = new Pacer(GROUPS_PER_TICK)

  app.post('/predict', {
    schema: {
      summary: 'The sentiment of one text, of several, or of a stream of lines',
      operationId: 'predict',
      tags: ['predictions'],
      body: { content: { 'application/json': { schema: PredictBody }, [NDJSON]: { schema: StreamLine } } },
      response: {
        200: { description: 'In the format of the request', content: { 'application/json': { schema: { anyOf: [Answer, DocumentSchema, BatchAnswer, InlineBatchAnswer, LabelScores, { type: 'array', items: LabelScores }] } }, [NDJSON]: { schema: { anyOf: [StreamAnswer, StreamProblem] } } } },
        ...problems(400, 413, 415, 422, 503, 504)
      }
    },
    preValidation: coalesceSameTick(),
    attachValidation: true
  }, async (request, reply) => {
    if (request.body instanceof Readable) return predictStream(app, request.body, request, reply, { idleMs: streamIdleMs, pacer })
    if (request.validationError !== undefined || request.body === undefined) throw new ValidationError(explainBody(request.body))
    const body = request.body as PredictBody
    reply.type('application/json; charset=utf-8')
    if ('text' in body) return body.sentences === true ? answerDocument(body, reply) : answerText(body, reply)
    if ('texts' in body) return body.errors === 'inline' ? answerInline(body, reply) : answerBatch(body as BatchBody, reply)
    return answerInputs(body, reply)
  })
  done()
}

async function answerText (body: SingleBody, reply: FastifyReply): Promise<SentimentAnswer> {
  const set = await predictTexts([body.text], reply, toOptions(body))
  reply.serializer(writeAnswer)
  return toSentimentAnswer(set.predictions[0] as Prediction, set)
}

async function answerDocument (body: SingleBody, reply: FastifyReply): Promise<DocumentAnswer> {
  const { config, modelManager } = reply.server
  const { truncate, refuseUnreadable } = toOptions(body)
  const answer = await predictDocument(body.text, {
    scripts: modelManager.requireModel().model.spec.scripts,
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxSentences: config.MAX_BATCH_SIZE,
    refuseUnreadable,
    predict: (sentences) => predictTexts(sentences, reply, { truncate })
  })
  reply.serializer(writeDocument)
  return answer
}

async function answerBatch (body: BatchBody, reply: FastifyReply): Promise<Static<typeof BatchAnswer>> {
  const set = await predictTexts(body.texts, reply, toOptions(body))
  reply.serializer(writeBatch)
  return { predictions: set.predictions.map((prediction) => toSentimentAnswer(prediction, set)), model: set.model }
}

async function answerInline (body: InlineBatchBody, reply: FastifyReply): Promise<Static<typeof InlineBatchAnswer>> {
  const { config, modelManager } = reply.server
  const { model: { spec: { name: model, scripts } }, labels, modelLabels, scoreFunction, maxTokens } = modelManager.requireModel()
  const set = await predictWithInlineErrors(body.texts, {
    model: { model, labels, modelLabels, scoreFunction, maxTokens, scripts },
    maxTextLength: config.MAX_TEXT_LENGTH,
    maxBatchSize: config.MAX_BATCH_SIZE,
    ...toOptions(body),
    predict: (valid) => predictTexts(valid, reply, { truncate: true })
  })
  const predictions = set.predictions.map((prediction, index) => prediction instanceof Error ? toInlineError(prediction, index) : toSentimentAnswer(prediction, set))
  reply.serializer(JSON.stringify)
  return { predictions, model: set.model, failed: predictions.filter((item) => 'error' in item).length }
}

async function answerInputs ({ inputs, truncate, truncation_direction: direction, raw_scores: raw }: InputsBody, reply: FastifyReply): Promise<LabelScore[] | LabelScore[][]> {
  const { predictions, modelLabels, scoreFunction } = await predictTexts(toTexts(inputs), reply, { truncate: (truncate ?? true) && direction?.toLowerCase() !== 'left' })
  const ranked = predictions.map(({ classification }) => rankedScores(classification.logits, modelLabels, raw === true ? 'none' : scoreFunction))
  reply.serializer(JSON.stringify)
  return typeof inputs === 'string' || typeof inputs[0] === 'string' ? ranked[0] as LabelScore[] : ranked
}

function toOptions ({ truncate = true, unreadable }: Pick<SingleBody, 'truncate' | 'unreadable'>): { truncate: boolean, refuseUnreadable: boolean } {
  return { truncate, refuseUnreadable: unreadable === 'refuse' }
}

function toInlineError (error: FastifyError, index: number) {
  const { code, status, title, detail } = toProblem(error, '')
  return { error: { code, status, title, detail, index } }
}

/** The texts of text-embeddings-inference's `inputs`: one text, alone or in an array, or a batch of arrays with one text each. */
function toTexts (inputs: InputsBody['inputs']): string[] {
  if (typeof inputs === 'string') return [inputs]
  if (inputs.length === 1 && typeof inputs[0] === 'string') return [inputs[0]]
  return inputs.map((item) => {
    if (typeof item === 'string' || item.length !== 1) throw new TextPairError()
    return item[0] as string
  })
}

export default predictRoute
