import { createRandom } from './random.ts'

/**
 * Draws `count` of `items`, the same for the same seed. The item of rank r has a weight of 1 / r, as words and repeated posts
 * do (Zipf's law with exponent 1). The first item is the most frequent.
 */
export function drawZipf<T> (items: readonly T[], count: number, seed: number): T[] {
  const random = createRandom(seed)
  const cumulative: number[] = []
  let total = 0
  for (let rank = 1; rank <= items.length; rank++) cumulative.push(total += 1 / rank)
  return Array.from({ length: count }, () => items[findFirstAbove(cumulative, random() * total)] as T)
}

/** Index of the first of the ascending `values` above `limit`; of the last value if there is none. */
function findFirstAbove (values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) > limit) high = middle
    else low = middle + 1
  }
  return low
}
