/** One labelled text with the service's answer; labels as class indices. */
export interface Outcome {
  truth: number
  predicted: number
}

export interface Summary {
  accuracy: number
  macroRecall: number
  /** 95 % percentile bootstrap interval of the macro recall (Efron, 1979). */
  interval: [low: number, high: number]
  /** Recall of each label, 0 to 1; NaN for a label that the file does not have. */
  recall: number[]
  /** Rows are true labels, columns predicted ones. */
  confusion: number[][]
}

const ROUNDS = 1000

/** Figures of a labelled run. The macro recall averages over the labels that occur: TweetEval's metric for sentiment. */
export function summarize (outcomes: readonly Outcome[], labels: number, seed = 1): Summary {
  const confusion = confusionMatrix(outcomes, labels)
  const random = mulberry32(seed)
  const resampled = Array.from({ length: ROUNDS }, () => {
    const sample = Array.from(outcomes, () => outcomes[Math.floor(random() * outcomes.length)] as Outcome)
    return macroRecall(confusionMatrix(sample, labels))
  }).sort((a, b) => a - b)
  return {
    accuracy: outcomes.filter(({ truth, predicted }) => truth === predicted).length / outcomes.length,
    macroRecall: macroRecall(confusion),
    interval: [resampled[Math.floor(ROUNDS * 0.025)] as number, resampled[Math.ceil(ROUNDS * 0.975) - 1] as number],
    recall: recalls(confusion),
    confusion
  }
}

/** Counts of outcomes: `matrix[truth][predicted]`. */
export function confusionMatrix (outcomes: readonly Outcome[], labels: number): number[][] {
  const matrix = Array.from({ length: labels }, () => new Array<number>(labels).fill(0))
  for (const { truth, predicted } of outcomes) {
    const row = matrix[truth] as number[]
    row[predicted] = (row[predicted] ?? 0) + 1
  }
  return matrix
}

/** The share of equal predictions of two runs over the same texts, 0 to 1. */
export function agreement (a: readonly Outcome[], b: readonly Outcome[]): number {
  return a.filter(({ predicted }, index) => predicted === b[index]?.predicted).length / a.length
}

function recalls (confusion: readonly number[][]): number[] {
  return confusion.map((row, label) => (row[label] as number) / row.reduce((sum, count) => sum + count, 0))
}

function macroRecall (confusion: readonly number[][]): number {
  const present = recalls(confusion).filter((value) => !Number.isNaN(value))
  return present.reduce((sum, value) => sum + value, 0) / present.length
}

/** A small seeded generator of numbers in [0, 1). Source: Tommy Ettinger, mulberry32. */
function mulberry32 (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
