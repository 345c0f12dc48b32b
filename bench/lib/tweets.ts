const WORDS = `the a to and i you it is of for in my on me so that with be at just have this but what are not out all was get
like up good love day now know your can how one do we time will see from go they when today new think there people no if
great really some has about want need work back an more best night come here make still happy who why life her right
never hope going oh look well thank thanks much better way only feel game year tomorrow week last home always`.split(/\s+/)

/**
 * `count` different synthetic tweets, the same for the same seed: 5 to 45 common words, mean about 21, which makes about
 * 8 to 60 tokens with a mean of 28 for tweets with their names, links and numbers.
 */
export function tweets (seed: number, count: number): string[] {
  const random = generator(seed)
  const pick = (): string => WORDS[Math.floor(random() * WORDS.length)] as string
  return Array.from({ length: count }, (_, index) => {
    // The mean of two uniform numbers peaks in the middle, as the lengths of tweets do.
    const length = 5 + Math.floor((random() + random()) / 2 * 32)
    const words = Array.from({ length }, pick)
    return `${random() < 0.3 ? '@someone ' : ''}${words.join(' ')} ${seed}x${index}${random() < 0.2 ? ' http://example.org' : ''}`
  })
}

/** Numbers in [0, 1) from a linear congruential generator (Numerical Recipes). */
function generator (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}
