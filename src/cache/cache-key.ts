import { createHash } from 'node:crypto'

/** What makes two answers to the same text different. */
export interface ModelIdentity {
  name: string
  revision: string
  dtype: string
}

/** Raised whenever the model's input or the stored value changes its meaning: older values become misses. */
const FORMAT = 1

/**
 * Returns the function that gives a preprocessed text's cache key under a model: SHA-256 over model and text, so that
 * no text can be read in Redis. The identity goes in as JSON, which no other identity can imitate.
 */
export function createKeyer ({ name, revision, dtype }: ModelIdentity): (text: string) => string {
  const prefix = createHash('sha256').update(JSON.stringify([name, revision, dtype])).update('\0')
  // UTF-16, as JavaScript holds it: UTF-8 would turn every lone surrogate into U+FFFD, and different texts into one key.
  return (text) => `sentiment:${FORMAT}:${prefix.copy().update(text, 'utf16le').digest('base64url')}`
}
