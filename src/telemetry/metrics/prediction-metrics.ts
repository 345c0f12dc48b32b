import type { Registry } from 'prom-client'
import type { CacheEvents } from '../../cache/prediction-cache.ts'
import type { RedisFailure } from '../../cache/redis-connection.ts'
import type { ScheduledResult } from '../../inference/scheduler.ts'
import type { WorkerLoss } from '../../inference/worker-pool.ts'
import type { PredictionTrace } from '../../prediction/prediction-trace.ts'
import { STAGE_BUCKETS } from './buckets.ts'
import { CounterFamily, HistogramFamily, type CounterSeries, type HistogramSeries } from './series.ts'

type Stage = 'cache' | 'queue' | 'tokenize' | 'inference'

/** What happens between the door and the model. The methods are the rooms' events; a change of model resets nothing. */
export class PredictionMetrics implements CacheEvents {
  readonly #stages: Record<Stage, HistogramSeries>
  readonly #hits: Record<'memory' | 'redis', CounterSeries>
  readonly #redisErrors: Record<RedisFailure, CounterSeries>
  readonly #misses: CounterSeries
  readonly #coalesced: CounterSeries
  readonly #texts: CounterSeries
  readonly #runs: CounterSeries
  readonly #tokens: CounterSeries
  readonly #truncated: CounterSeries
  readonly #workersLost: CounterSeries
  readonly #workerRestarts: CounterSeries
  readonly #spans: Record<'sent' | 'lost', CounterSeries>

  constructor (registry: Registry) {
    const counter = (name: string, help: string): CounterSeries => new CounterFamily(registry, { name, help }).series()
    const stages = new HistogramFamily(registry, {
      name: 'sentiment_stage_duration_seconds',
      help: 'Time in each stage: cache once a request; queue, tokenize and inference once a text that the model ran',
      buckets: STAGE_BUCKETS
    })
    const hits = new CounterFamily(registry, { name: 'sentiment_cache_hits_total', help: 'Texts answered from a cache', labels: ['tier'] })
    const redisErrors = new CounterFamily(registry, { name: 'sentiment_redis_errors_total', help: 'Commands to Redis that failed or were late, and failures of its connection', labels: ['kind'] })
    this.#stages = {
      cache: stages.series({ stage: 'cache' }),
      queue: stages.series({ stage: 'queue' }),
      tokenize: stages.series({ stage: 'tokenize' }),
      inference: stages.series({ stage: 'inference' })
    }
    this.#hits = { memory: hits.series({ tier: 'memory' }), redis: hits.series({ tier: 'redis' }) }
    this.#redisErrors = { command: redisErrors.series({ kind: 'command' }), connection: redisErrors.series({ kind: 'connection' }) }
    const spans = new CounterFamily(registry, { name: 'sentiment_trace_spans_total', help: 'Spans that the trace collector took, and those that were lost', labels: ['outcome'] })
    this.#spans = { sent: spans.series({ outcome: 'sent' }), lost: spans.series({ outcome: 'lost' }) }
    this.#misses = counter('sentiment_cache_misses_total', 'Texts that no cache had')
    this.#coalesced = counter('sentiment_coalesced_total', 'Texts that shared a computation already under way')
    this.#texts = counter('sentiment_texts_total', 'Texts answered, from a cache or by the model')
    this.#runs = counter('sentiment_model_runs_total', 'Texts that the model ran')
    this.#tokens = counter('sentiment_tokens_total', 'Tokens of the texts that the model ran, before they were cut to its limit')
    this.#truncated = counter('sentiment_texts_truncated_total', 'Texts that were cut to the model\'s token limit before their run')
    this.#workersLost = counter('sentiment_workers_lost_total', 'Workers that crashed, hung or did not start')
    this.#workerRestarts = counter('sentiment_worker_restarts_total', 'Replacements of lost workers; a place without one is given up')
  }

  readonly onHit = (tier: 'memory' | 'redis', count: number): void => this.#hits[tier].add(count)
  readonly onMiss = (count: number): void => this.#misses.add(count)
  readonly onJoin = (): void => this.#coalesced.add()
  readonly onRedisError = (_error: Error, kind: RedisFailure): void => this.#redisErrors[kind].add()

  readonly onSpansExported = (outcome: 'sent' | 'lost', spans: number): void => this.#spans[outcome].add(spans)

  readonly onTrail = ({ texts, cacheMs, error }: PredictionTrace): void => {
    this.#stages.cache.observe(cacheMs / 1000)
    if (error === undefined) this.#texts.add(texts)
  }

  readonly onRun = ({ queueMs, tokenizeMs, inferenceMs, tokens, truncated }: ScheduledResult): void => {
    this.#stages.queue.observe(queueMs / 1000)
    this.#stages.tokenize.observe(tokenizeMs / 1000)
    this.#stages.inference.observe(inferenceMs / 1000)
    this.#runs.add()
    this.#tokens.add(tokens)
    if (truncated) this.#truncated.add()
  }

  readonly onWorkerLost = ({ restartInMs }: WorkerLoss): void => {
    this.#workersLost.add()
    if (restartInMs !== undefined) this.#workerRestarts.add()
  }
}
