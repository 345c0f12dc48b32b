/** A text's predicted distribution over the labels, and its true label as class index. */
export interface Forecast {
  truth: number
  scores: readonly number[]
}

export interface Calibration {
  /**
   * Expected calibration error of the predicted label's score, 0 to 1, in 15 bins of equal width.
   * Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
   */
  ece: number
  /** Mean squared distance between the distribution and the true label, summed over labels: 0 to 2. Source: Brier, 1950. */
  brier: number
  /** Mean negative natural logarithm of the true label's score. */
  nll: number
  /** What remains if only answers with at least this score are used. */
  thresholds: Threshold[]
}

export interface Threshold {
  score: number
  /** Share of the texts that are answered, 0 to 1. */
  answered: number
  /** Accuracy on the answered texts, 0 to 1; NaN if there are none. */
  accuracy: number
}

const BINS = 15
const THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.9]
/** Scores have six decimals: a score of 0 stands for anything below half of the last one. */
const SMALLEST_SCORE = 5e-7

/** How well scores match outcomes. */
export function measureCalibration (forecasts: readonly Forecast[]): Calibration {
  const answers = forecasts.map(({ truth, scores }) => {
    const confidence = Math.max(...scores)
    return { confidence, correct: scores.indexOf(confidence) === truth }
  })
  return {
    ece: expectedCalibrationError(answers),
    brier: mean(forecasts.map(({ truth, scores }) => scores.reduce((sum, score, label) => sum + (score - Number(label === truth)) ** 2, 0))),
    nll: mean(forecasts.map(({ truth, scores }) => -Math.log(Math.max(scores[truth] ?? 0, SMALLEST_SCORE)))),
    thresholds: THRESHOLDS.map((score) => {
      const answered = answers.filter(({ confidence }) => confidence >= score)
      return { score, answered: answered.length / answers.length, accuracy: mean(answered.map(({ correct }) => Number(correct))) }
    })
  }
}

function expectedCalibrationError (answers: readonly { confidence: number, correct: boolean }[]): number {
  const gaps = new Array<number>(BINS).fill(0)
  for (const { confidence, correct } of answers) {
    const bin = Math.min(Math.floor(confidence * BINS), BINS - 1)
    gaps[bin] = (gaps[bin] as number) + confidence - Number(correct)
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / answers.length
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
