import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, preValidationHookHandler } from 'fastify'
import { BatchSizeError, ClientDisconnectedError, rateLimited, type RetryableError } from '../errors.ts'
import type { PredictionSet, StageTimings } from '../prediction/answer.ts'

/*
 * Shared by the routes that predict: limits per caller, the client's disconnection, and headers.
 */

/**
 * Returns a hook that delays requests until all that arrived in the same tick of the event loop have been read, so that their answers
 * are written in a row. A write wakes the sleeping reader, which costs more than the rest of a cache hit; from the second answer of a
 * row on, the reader is awake. docs/notes/performance-log.md has the measurement.
 */
export function coalesceSameTick (): preValidationHookHandler {
  let waiting: (() => void)[] = []
  const release = (): void => {
    const batch = waiting
    waiting = []
    for (const next of batch) next()
  }
  return (_request, _reply, next) => {
    if (waiting.push(next) === 1) setImmediate(release)
  }
}

/** Milliseconds between two checks of a request that waits for the model. */
const MODEL_POLL_MS = 50

export interface PredictTextsOptions {
  /** False: a text beyond the model's token limit is rejected; true: it is truncated. */
  truncate: boolean
  refuseUnreadable?: boolean
  /** Whether to wait, within the deadline, for a model that is loading; by default such a request is rejected. */
  waitForModel?: boolean
}

/**
 * Predicts the texts of a request until its client disconnects, and sets `Server-Timing` on its answer.
 * @throws {Error} RATE_LIMITED if its caller has too many texts in flight or per minute, and the predictor's errors
 */
export async function predictTexts (texts: readonly string[], reply: FastifyReply, { truncate, refuseUnreadable = false, waitForModel = false }: PredictTextsOptions): Promise<PredictionSet> {
  const { request: { caller }, server: { callerLimits, config, predictor, rateLimiter } } = reply
  const deadline = performance.now() + config.PREDICT_TIMEOUT_MS
  callerLimits.acquire(caller, texts.length)
  try {
    if (rateLimiter !== undefined) await countTexts(texts.length, reply)
    if (waitForModel) await untilLoaded(reply, deadline)
    const result = await predictor.predict(texts, { truncate, refuseUnreadable, caller, deadline, signal: () => clientDisconnected(reply) })
    reply.header('server-timing', serverTiming(result.timings))
    return result
  } finally {
    callerLimits.release(caller, texts.length)
  }
}

/** Resolves when the model is loaded or cannot be loaded, the client disconnects, the service shuts down, or the deadline has passed. */
async function untilLoaded ({ raw, server: { lifecycle, modelManager } }: FastifyReply, deadline: number): Promise<void> {
  while (modelManager.state === 'starting' && !raw.destroyed && !lifecycle.signal.aborted && performance.now() < deadline) await delay(MODEL_POLL_MS)
}

/**
 * Counts texts for the rate limit, if there is one.
 * @throws {Error} RATE_LIMITED if the caller would exceed it, BATCH_SIZE if no wait would help
 */
export async function countTexts (texts: number, reply: FastifyReply): Promise<void> {
  const { request: { caller }, server: { rateLimiter } } = reply
  if (rateLimiter === undefined) return
  if (texts > rateLimiter.limit) throw new BatchSizeError(texts, rateLimiter.limit)
  const { current, ttl, added } = await rateLimiter.add(caller, texts)
  const { limit } = rateLimiter
  if (!added) throw textsRateLimited(reply, { limit, current, ttl })
  setRateLimitHeaders(reply, { limit, current, ttl })
}

interface RateLimitState {
  /** Texts per minute. */
  limit: number
  /** Texts counted in this window. */
  current: number
  /** Milliseconds until the window ends. */
  ttl: number
}

/** The error of a caller that exceeds its texts per minute. */
export function textsRateLimited (reply: FastifyReply, state: RateLimitState): RetryableError {
  setRateLimitHeaders(reply, state)
  return rateLimited(`Limited to ${state.limit} texts per minute`, state.ttl)
}

/** Source: the IETF draft of RateLimit header fields, as deployed before version 7. */
function setRateLimitHeaders (reply: FastifyReply, { limit, current, ttl }: RateLimitState): void {
  // A stream's headers are sent before its lines are counted.
  if (reply.raw.headersSent) return
  reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': Math.max(0, limit - current), 'ratelimit-reset': Math.ceil(ttl / 1000) })
}

/** A signal that aborts when the connection closes before the answer is sent. */
export function clientDisconnected (reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const { raw } = reply
  if (raw.destroyed) controller.abort(new ClientDisconnectedError())
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new ClientDisconnectedError())
  })
  return controller.signal
}

/** Milliseconds by stage. Source: W3C Server Timing. */
function serverTiming ({ cache, queue, inference }: StageTimings): string {
  return `cache;dur=${thousandths(cache)}, queue;dur=${thousandths(queue)}, inference;dur=${thousandths(inference)}`
}

/** At most three decimals. `toFixed` costs a cache hit several times as much. */
function thousandths (ms: number): number {
  return Math.round(ms * 1000) / 1000
}
