import { Type, type Static } from 'typebox'

const count = { minimum: 0 }

/** Body of `/health` and `/health/ready`: the schema of `Health` in telemetry/metrics/state-metrics.ts. */
export const Health = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'starting', 'stopping', 'down']),
  model: Type.Object({
    name: Type.Union([Type.String(), Type.Null()], { description: 'The model that answers; null before there is one' }),
    requested: Type.String(),
    revision: Type.Union([Type.String(), Type.Null()]),
    dtype: Type.Union([Type.String(), Type.Null()]),
    fallback: Type.Boolean({ description: 'True if another model than the requested one answers' })
  }),
  workers: Type.Object({ ready: Type.Integer(count), total: Type.Integer(count) }),
  queue: Type.Object({ depth: Type.Integer(count), limit: Type.Integer(count) }),
  cache: Type.Object({
    memory: Type.Object({ entries: Type.Integer(count) }),
    redis: Type.Enum(['up', 'down', 'off'])
  }),
  uptimeSeconds: Type.Integer(count),
  version: Type.String()
}, { title: 'Health' })

/** Body of `/info`. Fields that text-embeddings-inference has as well have the same names. */
export const Info = Type.Object({
  model_id: Type.String(),
  model_sha: Type.String({ description: 'Revision of the model' }),
  model_dtype: Type.String(),
  served_model_name: Type.String({ description: 'The requested model' }),
  model_type: Type.Object({
    classifier: Type.Object({
      id2label: Type.Record(Type.String(), Type.String()),
      label2id: Type.Record(Type.String(), Type.Integer())
    })
  }),
  labels: Type.Array(Type.String()),
  scripts: Type.Array(Type.String(), { description: 'Unicode scripts that the model reads; empty if unknown' }),
  max_concurrent_requests: Type.Integer({ description: 'Maximum number of texts in the queue' }),
  max_input_length: Type.Integer({ description: 'Tokens' }),
  max_text_length: Type.Integer({ description: 'Characters' }),
  max_batch_tokens: Type.Integer({ description: 'Same as max_input_length: texts are not padded together' }),
  max_batch_requests: Type.Integer({ description: 'Maximum number of texts in one run of the model' }),
  max_client_batch_size: Type.Integer(),
  auto_truncate: Type.Boolean(),
  tokenization_workers: Type.Integer(),
  version: Type.String(),
  sha: Type.Null({ description: 'Always null: the commit of the build is unknown' }),
  docker_label: Type.Null()
}, { title: 'Info' })
export type Info = Static<typeof Info>
