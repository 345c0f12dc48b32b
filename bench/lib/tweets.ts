import { randomSource } from './random.ts'

/** Common words that are one token each, with the space before them, to the reference model and to `compact`. */
const WORDS = `the a to and i you of for in on so that be just have this but are not out all was get like good love day now
your how one do we time will see from go they when new think people no great some need work back an best night come make
happy who why life her right never going well much only feel game week home`.split(/\s+/)

/** Least and most tokens of a synthetic tweet, the two that enclose every text included. */
export const SHORTEST = 8
export const LONGEST = 60

/** The mean, in tokens. */
export const TYPICAL = 28

const ENCLOSING = 2

/** A text costs by its length. Two runs of some hundred texts are to cost the same, whichever texts they got. */
const BLOCK = 32

/**
 * `count` different synthetic tweets, the same for the same seed. Their lengths in tokens are spread as real ones' are:
 * 8 to 60, mean about 28, more short ones than long ones (Beta(2, 3)); so are those of every 32 in a row, counted from
 * the first.
 */
export function tweets (seed: number, count: number): string[] {
  const random = randomSource(seed)
  const texts = new Set<string>()
  while (texts.size < count) {
    for (const length of blockOfLengths(random)) {
      const before = texts.size
      while (texts.size === before) texts.add(words(random, length - ENCLOSING))
    }
  }
  return [...texts].slice(0, count)
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

/** One length of each of `BLOCK` equally likely ranges, in random order. */
function blockOfLengths (random: () => number): number[] {
  return Array.from({ length: BLOCK }, (_, range) => ({ length: lengthAt((range + random()) / BLOCK), place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ length }) => length)
}

/** The length that a share of `share` of all tweets do not reach; `share` in [0, 1). */
function lengthAt (share: number): number {
  let length = SHORTEST
  while (shareUpTo(length) <= share) length++
  return length
}

/** Share of tweets that have at most `length` tokens: the distribution function of Beta(2, 3), x²(6 − 8x + 3x²). */
function shareUpTo (length: number): number {
  const x = (length - SHORTEST + 1) / (LONGEST - SHORTEST + 1)
  return x * x * (6 - 8 * x + 3 * x * x)
}
