import { randomSource } from './random.ts'

/**
 * `count` draws from `items`, the same for the same seed: the item of rank r is drawn with a weight of 1 / r, as words
 * and repeated posts are (Zipf's law with exponent 1). The first item is the most frequent.
 */
export function zipfDraws<T> (items: readonly T[], count: number, seed: number): T[] {
  const random = randomSource(seed)
  const cumulative: number[] = []
  let total = 0
  for (let rank = 1; rank <= items.length; rank++) cumulative.push(total += 1 / rank)
  return Array.from({ length: count }, () => items[firstAbove(cumulative, random() * total)] as T)
}

/** Index of the first of the ascending `values` that is above `limit`; the last one where none is. */
function firstAbove (values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) > limit) high = middle
    else low = middle + 1
  }
  return low
}
