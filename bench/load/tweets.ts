import { createRandom } from './random.ts'

/** Common words. With a leading space, each is one token for the reference model and for `compact`. */
const WORDS = `the a to and i you of for in on so that be just have this but are not out all was get like good love day now
your how one do we time will see from go they when new think people no great some need work back an best night come make
happy who why life her right never going well much only feel game week home`.split(/\s+/)

/** Minimum and maximum length of a synthetic tweet in tokens, including the two special tokens. */
export const SHORTEST = 8
export const LONGEST = 60

/** Mean length in tokens. */
export const TYPICAL = 28

const SPECIAL_TOKENS = 2

/** Every block of this many texts has the same distribution of lengths, so that two loads of some hundred texts cost the same. */
const BLOCK = 32

/**
 * `count` different synthetic tweets, the same for the same seed. Their lengths in tokens follow those of real tweets: 8 to
 * 60 with a mean of about 28, more short than long ones (Beta(2, 3)), in every block of 32 from the first on.
 */
export function generateTweets (seed: number, count: number): string[] {
  const random = createRandom(seed)
  const texts = new Set<string>()
  while (texts.size < count) {
    for (const length of generateLengths(random)) {
      const before = texts.size
      while (texts.size === before) texts.add(joinWords(random, length - SPECIAL_TOKENS))
    }
  }
  return [...texts].slice(0, count)
}

/** `count` different texts of exactly `length` tokens. */
export function generateTextsOfLength (seed: number, count: number, length: number): string[] {
  const random = createRandom(seed)
  const texts = new Set<string>()
  while (texts.size < count) texts.add(joinWords(random, length - SPECIAL_TOKENS))
  return [...texts]
}

function joinWords (random: () => number, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)] as string).join(' ')
}

/** One length from each of `BLOCK` equally likely ranges, in random order. */
function generateLengths (random: () => number): number[] {
  return Array.from({ length: BLOCK }, (_, range) => ({ length: computeQuantile((range + random()) / BLOCK), place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ length }) => length)
}

/** The length that a share `share` of all tweets stays below; `share` in [0, 1). */
function computeQuantile (share: number): number {
  let length = SHORTEST
  while (computeShareUpTo(length) <= share) length++
  return length
}

/** Share of tweets with at most `length` tokens: the distribution function of Beta(2, 3), x²(6 − 8x + 3x²). */
function computeShareUpTo (length: number): number {
  const x = (length - SHORTEST + 1) / (LONGEST - SHORTEST + 1)
  return x * x * (6 - 8 * x + 3 * x * x)
}
