/** Standard deviation of RoBERTa's initial weights (`initializer_range` of its config). */
const DEVIATION = 0.02
/** int8 steps a standard deviation: four deviations fill the range. */
const STEPS = 32

/** What an int8 weight is multiplied with. */
export const WEIGHT_SCALE = DEVIATION / STEPS

/** A seeded source of weights: the same seed gives the same model, byte for byte. */
export class WeightSource {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** int8 weights, about normally distributed: the sum of four uniform bytes (Irwin–Hall). */
  weights (count: number): Int8Array {
    const values = new Int8Array(count)
    for (let index = 0; index < count; index++) {
      const bits = this.#next()
      const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24)
      values[index] = Math.max(-127, Math.min(127, Math.round((sum - 510) / 147.8 * STEPS)))
    }
    return values
  }

  /** xorshift32. Source: Marsaglia, "Xorshift RNGs", 2003. */
  #next (): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (this.#state = state >>> 0)
  }
}
