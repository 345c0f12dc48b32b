import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../schemas/problem.ts'
import { Info } from '../schemas/status.ts'
import { VERSION } from '../../logger.ts'

/** `/info`: the model and the limits, under text-embeddings-inference's names. */
const infoRoute: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get('/info', {
    schema: { summary: 'The model and the limits', operationId: 'info', tags: ['status'], response: { 200: { description: 'Model and limits', content: { 'application/json': { schema: Info } } }, ...problems(503) } }
  }, () => {
    const { config, modelManager } = app
    const { model: { spec }, labels, maxTokens, pool } = modelManager.requireModel()
    return {
      model_id: spec.name,
      model_sha: spec.revision,
      model_dtype: spec.dtype,
      served_model_name: modelManager.requested.name,
      model_type: {
        classifier: {
          id2label: Object.fromEntries(labels.map((label, index) => [String(index), label])),
          label2id: Object.fromEntries(labels.map((label, index) => [label, index]))
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

export default infoRoute
