import { hash } from 'node:crypto'

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
  const prefix = Buffer.from(`${JSON.stringify([name, revision, dtype])}\0`)
  return (text) => {
    const input = Buffer.allocUnsafe(prefix.length + 2 * text.length)
    prefix.copy(input)
    // UTF-16, as JavaScript holds it: UTF-8 would turn every lone surrogate into U+FFFD, and different texts into one key.
    input.write(text, prefix.length, 'utf16le')
    return `sentiment:${FORMAT}:${hash('sha256', input, 'base64url')}`
  }
}
