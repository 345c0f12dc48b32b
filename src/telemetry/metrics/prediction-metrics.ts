import type { Registry } from 'prom-client'
import type { CacheEvents } from '../../cache/prediction-cache.ts'
import type { RedisFailure } from '../../cache/redis-connection.ts'
import type { ComputedText } from '../../inference/queued-text.ts'
import type { WorkerLoss } from '../../inference/worker-pool.ts'
import { type PredictionTrace, computeScores, findBestLabel } from '../../prediction/answer.ts'
import { CounterFamily, HistogramFamily, STAGE_BUCKETS, type CounterSeries, type HistogramSeries } from './series.ts'

/** Labels with series from the first scrape, before a model is loaded: those of the models in the catalogue. */
const INITIAL_LABELS = ['negative', 'neutral', 'positive']

/** Upper bounds for the score of the predicted label, which is at least a third for three labels. */
const SCORE_BUCKETS = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1] as const

/** Series of the model's output, which show changes of the texts or of the model. Sentences count as texts. */
export class OutputMetrics {
  readonly #family: CounterFamily
  readonly #labels = new Map<string, CounterSeries>()
  readonly #scores: HistogramSeries
  readonly #unreadable: CounterSeries

  constructor (registry: Registry) {
    this.#family = new CounterFamily(registry, { name: 'sentiment_predictions_total', help: 'Texts answered, by predicted label', labels: ['label'] })
    for (const label of INITIAL_LABELS) this.#counterFor(label)
    this.#scores = new HistogramFamily(registry, { name: 'sentiment_prediction_score', help: 'Score of the predicted label', buckets: SCORE_BUCKETS }).series()
    this.#unreadable = new CounterFamily(registry, { name: 'sentiment_texts_unreadable_total', help: 'Texts answered although most letters belong to scripts that the model cannot read' }).series()
  }

  readonly onTrace = ({ answer }: PredictionTrace): void => {
    if (answer === undefined) return
    for (const { classification: { logits }, unreadable } of answer.predictions) {
      const best = findBestLabel(logits)
      this.#counterFor(answer.labels[best] as string).add()
      this.#scores.observe(computeScores(logits, answer.scoreFunction)[best] as number)
      if (unreadable) this.#unreadable.add()
    }
  }

  #counterFor (label: string): CounterSeries {
    const counter = this.#labels.get(label) ?? this.#family.series({ label })
    this.#labels.set(label, counter)
    return counter
  }
}

type Stage = 'cache' | 'queue' | 'tokenize' | 'inference'

/** Series of the layers between HTTP and the model. The methods are event listeners; switching models resets no series. */
export class PredictionMetrics implements CacheEvents {
  readonly #stages: Record<Stage, HistogramSeries>
  readonly #hits: Record<'memory' | 'redis', CounterSeries>
  readonly #redisErrors: Record<RedisFailure, CounterSeries>
  readonly #misses: CounterSeries
  readonly #coalesced: CounterSeries
  readonly #texts: CounterSeries
  readonly #computed: CounterSeries
  readonly #tokens: CounterSeries
  readonly #truncated: CounterSeries
  readonly #workersLost: CounterSeries
  readonly #workerRestarts: CounterSeries
  readonly #spans: Record<'sent' | 'lost', CounterSeries>

  constructor (registry: Registry) {
    const counter = (name: string, help: string): CounterSeries => new CounterFamily(registry, { name, help }).series()
    const stages = new HistogramFamily(registry, {
      name: 'sentiment_stage_duration_seconds',
      help: 'Time in each stage: cache once per request; queue, tokenize and inference once per computed text',
      buckets: STAGE_BUCKETS
    })
    const hits = new CounterFamily(registry, { name: 'sentiment_cache_hits_total', help: 'Texts answered from a cache', labels: ['tier'] })
    const redisErrors = new CounterFamily(registry, { name: 'sentiment_redis_errors_total', help: 'Redis commands that failed or timed out, and connection failures', labels: ['kind'] })
    this.#stages = {
      cache: stages.series({ stage: 'cache' }),
      queue: stages.series({ stage: 'queue' }),
      tokenize: stages.series({ stage: 'tokenize' }),
      inference: stages.series({ stage: 'inference' })
    }
    this.#hits = { memory: hits.series({ tier: 'memory' }), redis: hits.series({ tier: 'redis' }) }
    this.#redisErrors = { command: redisErrors.series({ kind: 'command' }), connection: redisErrors.series({ kind: 'connection' }) }
    const spans = new CounterFamily(registry, { name: 'sentiment_trace_spans_total', help: 'Spans accepted by the trace collector (sent), and dropped ones (lost)', labels: ['outcome'] })
    this.#spans = { sent: spans.series({ outcome: 'sent' }), lost: spans.series({ outcome: 'lost' }) }
    this.#misses = counter('sentiment_cache_misses_total', 'Texts found in no cache')
    this.#coalesced = counter('sentiment_coalesced_total', 'Texts that joined a computation already in flight')
    this.#texts = counter('sentiment_texts_total', 'Texts answered, from a cache or by the model')
    this.#computed = counter('sentiment_texts_computed_total', 'Texts computed by the model')
    this.#tokens = counter('sentiment_tokens_total', 'Tokens of the computed texts, before truncation')
    this.#truncated = counter('sentiment_texts_truncated_total', 'Computed texts that were truncated to the token limit of the model')
    this.#workersLost = counter('sentiment_workers_lost_total', 'Workers that crashed, hung or failed to start')
    this.#workerRestarts = counter('sentiment_worker_restarts_total', 'Replacements started for lost workers')
  }

  readonly onHit = (tier: 'memory' | 'redis', count: number): void => this.#hits[tier].add(count)
  readonly onMiss = (count: number): void => this.#misses.add(count)
  readonly onJoin = (count: number): void => this.#coalesced.add(count)
  readonly onRedisError = (_error: Error, kind: RedisFailure): void => this.#redisErrors[kind].add()

  readonly onSpansExported = (outcome: 'sent' | 'lost', spans: number): void => this.#spans[outcome].add(spans)

  readonly onTrace = ({ texts, cacheMs, error }: PredictionTrace): void => {
    this.#stages.cache.observe(cacheMs / 1000)
    if (error === undefined) this.#texts.add(texts)
  }

  readonly onTextComputed = ({ queueMs, tokenizeMs, inferenceMs, tokens, truncated }: ComputedText): void => {
    this.#stages.queue.observe(queueMs / 1000)
    this.#stages.tokenize.observe(tokenizeMs / 1000)
    this.#stages.inference.observe(inferenceMs / 1000)
    this.#computed.add()
    this.#tokens.add(tokens)
    if (truncated) this.#truncated.add()
  }

  readonly onWorkerLost = ({ restartInMs }: WorkerLoss): void => {
    this.#workersLost.add()
    if (restartInMs !== undefined) this.#workerRestarts.add()
  }
}
