import type { Classification } from '../cache/classification.ts'
import { computeScores, type ScoreFunction } from './scores.ts'

/** What the model said of one text, and how it was come by. */
export interface Prediction {
  classification: Classification
  /** True if memory or Redis had it; false if it was computed for this request or shared with one in flight. */
  cached: boolean
}

/** Milliseconds by stage; for a batch the longest wait in the queue, and the sum of the model's time. */
export interface StageTimings {
  cache: number
  queue: number
  inference: number
}

/** The predictions of one request, in the order of its texts. */
export interface PredictionSet {
  /** The name of the model that answered. */
  model: string
  labels: readonly string[]
  predictions: Prediction[]
  timings: StageTimings
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
}

/** Turns a prediction into the answer that clients get. */
export function sentimentAnswer (prediction: Prediction, labels: readonly string[], model: string): SentimentAnswer {
  const { logits, truncated } = prediction.classification
  const values = computeScores(logits)
  const scores: Record<string, number> = {}
  let best = 0
  for (let index = 0; index < labels.length; index++) {
    scores[labels[index] as string] = values[index] as number
    // By logit, not by rounded score: two scores can round to the same value.
    if ((logits[index] as number) > (logits[best] as number)) best = index
  }
  return {
    label: labels[best] as string,
    score: values[best] as number,
    scores,
    model,
    cached: prediction.cached,
    truncated
  }
}
