import { generateTweets } from './tweets.ts'

/** Differs per process: a service measured earlier must not have the texts in its cache. */
let seed = Date.now() | 0

/** `count` texts that no earlier request of this process used. */
export function createNewTexts (count: number): string[] {
  return generateTweets(nextSeed(), count)
}

/** A seed that no earlier texts were generated from. */
export function nextSeed (): number {
  return seed++
}
