import type { StageTimings } from '../sentiment/prediction.ts'

/** Milliseconds by stage. Source: W3C Server Timing. */
export function serverTiming ({ cache, queue, inference }: StageTimings): string {
  return `cache;dur=${cache.toFixed(3)}, queue;dur=${queue.toFixed(3)}, inference;dur=${inference.toFixed(3)}`
}
