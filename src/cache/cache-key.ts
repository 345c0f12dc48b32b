import { hash } from 'node:crypto'

/** Everything besides the text that an answer depends on. */
export interface ModelIdentity {
  name: string
  revision: string
  dtype: string
  /** Hash of the loaded files: a model that changed under the same name must not share keys with its predecessor. */
  digest: string
}

/** Incremented when the preprocessing or the stored value changes: older values become misses. */
const FORMAT = 2

/**
 * Returns a function that maps a preprocessed text to its cache key: SHA-256 over model and text, so that Redis contains no
 * text. The identity is encoded as JSON, which is unambiguous.
 */
export function createKeyer ({ name, revision, dtype, digest }: ModelIdentity): (text: string) => string {
  const prefix = Buffer.from(`${JSON.stringify([name, revision, dtype, digest])}\0`)
  return (text) => {
    const input = Buffer.allocUnsafe(prefix.length + 2 * text.length)
    prefix.copy(input)
    // UTF-16, as in JavaScript: UTF-8 would replace every lone surrogate by U+FFFD, and so map different texts to one key.
    input.write(text, prefix.length, 'utf16le')
    return `sentiment:${FORMAT}:${hash('sha256', input, 'base64url')}`
  }
}
