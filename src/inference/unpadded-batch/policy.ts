import type { QueuedText } from '../queued-text.ts'

/**
 * Longest text that shares a run, in bytes of UTF-8: a long one delays the others and gains little, since computing it takes
 * longer than reading the weights. A token has at least one byte, so this also bounds how long a run takes: it must end long
 * before its worker counts as hung.
 */
const MAX_BYTES = 200

/**
 * Texts of the next run: as many as it can compute if that many requests wait, else one. Texts of few large requests run one
 * by one, so that a small request that arrives meanwhile waits for a short run only.
 */
export function textsPerRun ({ flows }: { flows: number }, maxTextsPerRun: number): number {
  return flows >= maxTextsPerRun ? maxTextsPerRun : 1
}

/** Whether a text may share a run: it is short, and no worker was lost with it before. */
export function canShareRun ({ text, attempts }: Pick<QueuedText, 'text' | 'attempts'>): boolean {
  return attempts === 0 && Buffer.byteLength(text) <= MAX_BYTES
}
