/** The size of a RoBERTa classifier. */
export interface Shape {
  layers: number
  hidden: number
  heads: number
  intermediate: number
  vocabulary: number
  /** Position embeddings; RoBERTa leaves the first two unused, so 514 hold 512 tokens. */
  positions: number
}

/** cardiffnlp/twitter-roberta-base-sentiment-latest, from its config.json. */
export const BASE: Shape = { layers: 12, hidden: 768, heads: 12, intermediate: 3072, vocabulary: 50_265, positions: 514 }

/** Small enough for a test suite's repository; the same kind in every other respect. */
export const TINY: Shape = { layers: 2, hidden: 32, heads: 2, intermediate: 64, vocabulary: 600, positions: 514 }

export const LABELS = ['negative', 'neutral', 'positive'] as const
export const PAD_ID = 1
