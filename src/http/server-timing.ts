import type { StageTimings } from '../prediction/answer.ts'

/** Milliseconds by stage. Source: W3C Server Timing. */
export function serverTiming ({ cache, queue, inference }: StageTimings): string {
  return `cache;dur=${thousandths(cache)}, queue;dur=${thousandths(queue)}, inference;dur=${thousandths(inference)}`
}

/** At most three decimals. `toFixed` costs a cache hit several times as much. */
function thousandths (ms: number): number {
  return Math.round(ms * 1000) / 1000
}
