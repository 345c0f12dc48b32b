import type { FastifyReply } from 'fastify'
import { ClientDisconnectedError } from '../errors.ts'
import type { PredictionSet, StageTimings } from '../prediction/answer.ts'

/** What the routes that predict have in common. */

export interface PredictTextsOptions {
  /** False: a text beyond the model's token limit is refused; true: it is truncated. */
  truncate: boolean
  refuseUnreadable?: boolean
}

/** Predicts the texts of a request until its client disconnects, and sets `Server-Timing` on its answer. */
export async function predictTexts (texts: readonly string[], reply: FastifyReply, options: PredictTextsOptions): Promise<PredictionSet> {
  const result = await reply.server.predictor.predict(texts, { ...options, signal: () => clientDisconnected(reply) })
  reply.header('server-timing', serverTiming(result.timings))
  return result
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
