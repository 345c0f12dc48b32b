/** How logits become scores: the Hugging Face Inference contract's `function_to_apply`. */
export type ScoreFunction = 'softmax' | 'sigmoid' | 'none'

/** Float32 logits carry about seven significant digits: further decimals of a probability are noise. */
const DECIMALS = 1e6

/**
 * Scores of a text, one a label in the model's label order, rounded to six decimals.
 * Softmax subtracts the largest logit first, so that no exponential overflows; its scores lie in 0…1 and sum to 1
 * within 1e-5. Sigmoid's lie in 0…1 each; `none` returns the logits.
 */
export function computeScores (logits: Float32Array, apply: ScoreFunction = 'softmax'): number[] {
  const scores = apply === 'softmax' ? softmax(logits) : Array.from(logits, apply === 'sigmoid' ? sigmoid : Number)
  for (let index = 0; index < scores.length; index++) scores[index] = round(scores[index] as number)
  return scores
}

function softmax (logits: Float32Array): number[] {
  let largest = -Infinity
  for (const logit of logits) largest = Math.max(largest, logit)
  let total = 0
  const scores: number[] = []
  for (const logit of logits) {
    const exponential = Math.exp(logit - largest)
    scores.push(exponential)
    total += exponential
  }
  for (let index = 0; index < scores.length; index++) scores[index] = scores[index] as number / total
  return scores
}

function sigmoid (value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function round (value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS
}
