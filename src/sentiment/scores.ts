/** How logits become scores: the Hugging Face Inference contract's `function_to_apply`. */
export type ScoreFunction = 'softmax' | 'sigmoid' | 'none'

/** Float32 logits carry about seven significant digits: further decimals of a probability are noise. */
const DECIMALS = 1e6

/**
 * Scores of a text, one a label in the model's label order, rounded to six decimals.
 * Softmax subtracts the largest logit first, so that no exponential overflows; its scores lie in 0…1 and sum to 1
 * within 1e-5. Sigmoid's lie in 0…1 each; `none` returns the logits.
 */
export function scoresOf (logits: Float32Array, apply: ScoreFunction = 'softmax'): number[] {
  const values = Array.from(logits)
  if (apply === 'none') return values.map(round)
  if (apply === 'sigmoid') return values.map((value) => round(1 / (1 + Math.exp(-value))))
  const largest = Math.max(...values)
  const exponentials = values.map((value) => Math.exp(value - largest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  return exponentials.map((value) => round(value / total))
}

function round (value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS
}
