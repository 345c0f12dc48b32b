import type { QueuedText } from '../queued-text.ts'

/**
 * Maximum length in UTF-8 bytes of a text that shares a run. A longer text would delay the others and gain little, because computing
 * it takes longer than reading the weights. A token has at least one byte, so this also bounds the duration of a run, which must end
 * long before its worker counts as hung.
 */
const MAX_BYTES = 200

/**
 * Number of texts to run together: the maximum if that many requests wait, else one. The texts of a few large requests run one by
 * one, so that a small request waits for a short run only.
 */
export function textsPerRun ({ flows }: { flows: number }, maxTextsPerRun: number): number {
  return flows >= maxTextsPerRun ? maxTextsPerRun : 1
}

/** Whether a text may share a run: it is short, and no worker was lost with it before. */
export function canShareRun ({ text, attempts }: Pick<QueuedText, 'text' | 'attempts'>): boolean {
  return attempts === 0 && Buffer.byteLength(text) <= MAX_BYTES
}
