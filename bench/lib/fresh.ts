import { tweets } from './tweets.ts'

/** Differs from run to run: a service that was measured before must not know the texts. */
let seed = Date.now() | 0

/** `count` texts that no request asked for before. */
export function newTexts (count: number): string[] {
  return tweets(seed++, count)
}

/** A seed that no texts were made from before. */
export const newSeed = (): number => seed++
