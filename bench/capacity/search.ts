/** Rates are found to this ratio. */
const PRECISION = 1.05
/** Below this rate, in requests per second, the search gives up. */
const MIN_RATE = 0.5
/** Attempts per rate: a disturbance of the machine must not end the search at a rate that the service sustains. */
const ATTEMPTS = 2

/**
 * Finds the highest sustained rate: doubles (or halves) `start` until a sustained and an unsustained rate are known, then bisects
 * until they are within 5 %. A rate counts as unsustained after two failed attempts.
 * @param sustains measures one rate, in requests per second
 * @returns the highest rate that was sustained; undefined if none of at least 0.5 per second was
 */
export async function findCapacity (sustains: (rate: number) => Promise<boolean>, start: number): Promise<number | undefined> {
  const sustainsRepeatedly = async (rate: number): Promise<boolean> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (await sustains(rate)) return true
    return false
  }
  let low: number | undefined
  let high: number | undefined
  for (let rate = start; low === undefined || high === undefined; rate = low === undefined ? rate / 2 : rate * 2) {
    if (rate < MIN_RATE) return undefined
    if (await sustainsRepeatedly(rate)) low = rate
    else high = rate
  }
  while (high / low > PRECISION) {
    const rate = Math.sqrt(low * high)
    if (await sustainsRepeatedly(rate)) low = rate
    else high = rate
  }
  return low
}
