import { randomSource } from './random.ts'

/** Common words that are one token each, with the space before them, to the reference model and to `compact`. */
const WORDS = `the a to and i you of for in on so that be just have this but are not out all was get like good love day now
your how one do we time will see from go they when new think people no great some need work back an best night come make
happy who why life her right never going well much only feel game week home`.split(/\s+/)

/** Least and most tokens of a synthetic tweet, the two that enclose every text included. */
export const SHORTEST = 8
export const LONGEST = 60

const ENCLOSING = 2

/**
 * `count` different synthetic tweets, the same for the same seed. Their lengths in tokens are spread as real ones' are:
 * 8 to 60, mean about 28, more short ones than long ones (Beta(2, 3)).
 */
export function tweets (seed: number, count: number): string[] {
  const random = randomSource(seed)
  const texts = new Set<string>()
  while (texts.size < count) texts.add(words(random, tokens(random) - ENCLOSING))
  return [...texts]
}

/** `count` different texts of exactly `length` tokens. */
export function textsOfLength (seed: number, count: number, length: number): string[] {
  const random = randomSource(seed)
  const texts = new Set<string>()
  while (texts.size < count) texts.add(words(random, length - ENCLOSING))
  return [...texts]
}

function words (random: () => number, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)] as string).join(' ')
}

/** The second smallest of four uniform numbers has the distribution Beta(2, 3). */
function tokens (random: () => number): number {
  const [, second] = [random(), random(), random(), random()].sort((a, b) => a - b) as [number, number]
  return SHORTEST + Math.floor(second * (LONGEST - SHORTEST + 1))
}
