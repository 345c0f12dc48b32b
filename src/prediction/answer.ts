import { textTooLong } from '../errors.ts'
import type { CacheTrace } from '../cache/prediction-cache.ts'
import type { Classification } from '../cache/codec.ts'
import type { ComputedText } from '../inference/queued-text.ts'

/** The model's result for one text, and its origin. */
export interface Prediction {
  classification: Classification
  /** True if it was in memory or in Redis; false if it was computed for this request or a concurrent one. */
  cached: boolean
  /** True if more than half of the text's letters belong to scripts that the model cannot read. */
  unreadable: boolean
}

/** Milliseconds per stage; for several texts, the longest time in the queue and the sum of the inference times. */
export interface StageTimings {
  cache: number
  queue: number
  inference: number
}

/** The predictions of one request, in the order of its texts. */
export interface PredictionSet {
  /** The name of the model that answered. */
  model: string
  /** In the order of the logits, in lower case if that is unambiguous. */
  labels: readonly string[]
  /** The same in the model's own spelling. */
  modelLabels: readonly string[]
  /** The model's function from logits to scores. */
  scoreFunction: ScoreFunction
  /** The model's token limit. */
  maxTokens: number
  predictions: Prediction[]
  timings: StageTimings
}

/** The stages of one request, for metrics and traces. Times are in milliseconds, points in time on `performance.now()`'s clock. */
export interface PredictionTrace extends CacheTrace {
  /** Number of requested texts, including duplicates. */
  texts: number
  startedAt: number
  /** The texts that were computed for this request or a concurrent one. */
  computed: readonly ComputedText[]
  /** The answer, if there is one. */
  answer: Pick<PredictionSet, 'labels' | 'scoreFunction' | 'predictions'> | undefined
  /** Why the request failed, if it did. */
  error: unknown
}

/** Maps logits to scores: the Hugging Face Inference contract's `function_to_apply`. */
export type ScoreFunction = 'softmax' | 'sigmoid' | 'none'

/** Float32 logits have about seven significant digits: further decimals of a probability are noise. */
const DECIMALS = 1e6

/**
 * Scores of a text, one per label in the model's label order, rounded to six decimals.
 * Softmax subtracts the largest logit first, so that no exponential overflows; its scores are between 0 and 1 and sum to 1
 * within 1e-5. Sigmoid's are between 0 and 1 each; `none` returns the logits.
 */
export function computeScores (logits: Float32Array, apply: ScoreFunction = 'softmax'): number[] {
  const scores = apply === 'softmax' ? softmax(logits) : Array.from(logits, apply === 'sigmoid' ? sigmoid : Number)
  for (let index = 0; index < scores.length; index++) scores[index] = Math.round(scores[index] as number * DECIMALS) / DECIMALS
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

export interface LabelScore {
  label: string
  score: number
}

/** Every label with its score, best first; equal scores keep the model's label order. */
export function rankedScores (logits: Float32Array, labels: readonly string[], apply?: ScoreFunction): LabelScore[] {
  const scores = computeScores(logits, apply)
  return labels
    .map((label, index) => ({ label, score: scores[index] ?? 0 }))
    .sort((a, b) => b.score - a.score)
}

/** The answer of `POST /predict` for one text. */
export interface SentimentAnswer {
  label: string
  score: number
  scores: Record<string, number>
  model: string
  cached: boolean
  truncated: boolean
  /** Number of tokens that the model read. */
  tokens: number
  warnings?: Warning[]
}

/** `SCRIPT`: more than half of the letters belong to scripts that the model cannot read. */
export type Warning = 'SCRIPT'

/** The index of the predicted label. Compares logits, because two rounded scores can be equal. */
export function findBestLabel (logits: Float32Array): number {
  let best = 0
  for (let index = 1; index < logits.length; index++) if ((logits[index] as number) > (logits[best] as number)) best = index
  return best
}

/** Converts a prediction to the answer that clients get. */
export function toSentimentAnswer (prediction: Prediction, set: Omit<PredictionSet, 'predictions' | 'timings'>): SentimentAnswer {
  const { classification: { logits, tokens, truncated }, cached, unreadable } = prediction
  const { label, score, scores } = nameScores(computeScores(logits, set.scoreFunction), set.labels, findBestLabel(logits))
  const answer: SentimentAnswer = { label, score, scores, model: set.model, cached, truncated, tokens: Math.min(tokens, set.maxTokens) }
  if (unreadable) answer.warnings = ['SCRIPT']
  return answer
}

/** The fields of an answer that depend on its scores, in label order. */
export function nameScores (values: readonly number[], labels: readonly string[], best: number): Pick<SentimentAnswer, 'label' | 'score' | 'scores'> {
  const scores: Record<string, number> = {}
  for (let index = 0; index < labels.length; index++) scores[labels[index] as string] = values[index] as number
  return { label: labels[best] as string, score: values[best] as number, scores }
}

/** The duration of each stage of a request. */
export function toTimings ({ cacheMs, computed }: PredictionTrace): StageTimings {
  const timings = { cache: cacheMs, queue: 0, inference: 0 }
  for (const { queueMs, tokenizeMs, inferenceMs } of computed) {
    timings.queue = Math.max(timings.queue, queueMs)
    timings.inference += tokenizeMs + inferenceMs
  }
  return timings
}

/** @throws TEXT_TOO_LONG for the first text that was truncated; `firstIndex` is the index of the first prediction, for the message */
export function checkTruncation (predictions: readonly Prediction[], firstIndex: number, maxTokens: number): void {
  const index = predictions.findIndex(({ classification }) => classification.truncated)
  if (index >= 0) throw textTooLong(firstIndex + index, (predictions[index] as Prediction).classification.tokens, 'tokens', maxTokens)
}
