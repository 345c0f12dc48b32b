import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type, type TSchema } from 'typebox'
import { Health, Info } from '../schemas/status.ts'
import { problems } from '../schemas/problem.ts'
import { VERSION } from '../../logger.ts'

/** `/info`: the model and the limits, with text-embeddings-inference's field names. */
export const infoRoute: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get('/info', {
    schema: { summary: 'The model and the limits', operationId: 'info', tags: ['status'], response: { 200: { description: 'Model and limits', content: { 'application/json': { schema: Info } } }, ...problems(503) } }
  }, () => {
    const { config, modelManager } = app
    const { model: { spec }, labels, modelLabels, maxTokens, pool } = modelManager.requireModel()
    return {
      model_id: spec.name,
      model_sha: spec.revision,
      model_dtype: spec.dtype,
      served_model_name: modelManager.requested.name,
      model_type: {
        classifier: {
          id2label: Object.fromEntries(modelLabels.map((label, index) => [String(index), label])),
          label2id: Object.fromEntries(modelLabels.map((label, index) => [label, index]))
        }
      },
      labels: [...labels],
      scripts: [...spec.scripts ?? []],
      max_concurrent_requests: config.QUEUE_LIMIT,
      max_input_length: maxTokens,
      max_text_length: config.MAX_TEXT_LENGTH,
      max_batch_tokens: maxTokens,
      max_batch_requests: pool.maxTextsPerRun,
      max_client_batch_size: config.MAX_BATCH_SIZE,
      auto_truncate: true,
      tokenization_workers: pool.size,
      version: VERSION,
      sha: null,
      docker_label: null
    }
  })
  done()
}

const json = <const T extends TSchema>(schema: T) => ({ content: { 'application/json': { schema } } })

/** `/health` and `/health/ready` report whether predictions are answered; `/health/live` only that the process responds. */
export const healthRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  for (const [url, operationId] of [['/health', 'health'], ['/health/ready', 'healthReady']] as const) {
    app.get(url, {
      schema: {
        summary: 'Whether predictions are answered, and by what',
        operationId,
        tags: ['status'],
        response: { 200: { description: 'ok or degraded', ...json(Health) }, 503: { description: 'starting, stopping or down', ...json(Health) } }
      }
    }, (_request, reply) => {
      const health = app.health()
      const serving = health.status === 'ok' || health.status === 'degraded'
      void reply.code(serving ? 200 : 503).header('cache-control', 'no-store').send(health)
    })
  }
  app.get('/health/live', {
    schema: {
      summary: 'Whether the process responds',
      operationId: 'healthLive',
      tags: ['status'],
      response: { 200: { description: 'The process responds, whether the model is loaded or not', ...json(Type.Object({ status: Type.Literal('live') })) } }
    }
  }, () => ({ status: 'live' as const }))
  done()
}
