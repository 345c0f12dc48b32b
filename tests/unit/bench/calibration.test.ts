import { describe, expect, it } from 'vitest'
import { measureCalibration } from '../../../bench/accuracy/calibration.ts'

const repeat = (count: number, truth: number, scores: number[]) => Array.from({ length: count }, () => ({ truth, scores }))

describe('measureCalibration', () => {
  it('finds no calibration error if the predicted label is right as often as its score predicts', () => {
    expect(measureCalibration([...repeat(8, 0, [0.8, 0.1, 0.1]), ...repeat(2, 1, [0.8, 0.1, 0.1])]).ece).toBeCloseTo(0)
  })

  it('weighs the gap between score and accuracy of each bin by its share of the texts', () => {
    const overconfident = repeat(10, 1, [0.9, 0.1, 0])
    const calibrated = [...repeat(15, 0, [0.5, 0.3, 0.2]), ...repeat(15, 1, [0.5, 0.3, 0.2])]
    expect(measureCalibration([...overconfident, ...calibrated]).ece).toBeCloseTo(0.25 * 0.9)
  })

  it('keeps gaps of opposite sign in different bins apart', () => {
    expect(measureCalibration([...repeat(1, 0, [0.6, 0.4, 0]), ...repeat(1, 1, [0.9, 0.1, 0])]).ece).toBeCloseTo((0.4 + 0.9) / 2)
  })

  it('returns the Brier score and the negative log likelihood of the true labels', () => {
    const { brier, nll } = measureCalibration([{ truth: 0, scores: [0.5, 0.25, 0.25] }, { truth: 2, scores: [0, 0, 1] }])
    expect(brier).toBeCloseTo((0.25 + 0.0625 + 0.0625) / 2)
    expect(nll).toBeCloseTo(Math.log(2) / 2)
  })

  it('stays finite if the true label has a score of zero', () => {
    expect(measureCalibration([{ truth: 0, scores: [0, 1, 0] }]).nll).toBeCloseTo(-Math.log(5e-7))
  })

  it('returns the accuracy at each score threshold, and the share of texts above it', () => {
    const { thresholds } = measureCalibration([...repeat(1, 0, [0.95, 0.05, 0]), ...repeat(2, 0, [0.75, 0.2, 0.05]), ...repeat(1, 1, [0.75, 0.2, 0.05])])
    expect(thresholds.map(({ score, answered }) => [score, answered])).toEqual([[0.5, 1], [0.6, 1], [0.7, 1], [0.8, 0.25], [0.9, 0.25]])
    expect(thresholds[0]?.accuracy).toBeCloseTo(0.75)
    expect(thresholds[4]?.accuracy).toBe(1)
  })
})
