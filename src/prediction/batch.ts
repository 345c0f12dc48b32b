import type { FastifyError } from '@fastify/error'
import { BatchSizeError, textTooLong, UnreadableError, ValidationError } from '../errors.ts'
import type { Prediction, PredictionSet } from './answer.ts'
import { isUnreadable, checkText } from './text.ts'

/** The predictions of a batch in the order of its texts, with an error in place of each invalid text. */
export interface InlinePredictionSet extends Omit<PredictionSet, 'predictions' | 'timings'> {
  predictions: (Prediction | FastifyError)[]
}

export interface InlineErrorOptions {
  /** The model that will answer; describes the set if no text is valid. */
  model: Omit<InlinePredictionSet, 'predictions'> & { scripts: readonly string[] | undefined }
  maxTextLength: number
  maxBatchSize: number
  truncate: boolean
  refuseUnreadable: boolean
  /** Predicts valid texts, and truncates long ones. */
  predict: (texts: string[]) => Promise<PredictionSet>
}

/**
 * Predicts the valid texts of a batch. A text that is not a string, blank, too long or unreadable fails alone.
 * @throws errors of the whole request: BATCH_SIZE, OVERLOADED, NOT_READY and TIMEOUT
 */
export async function predictWithInlineErrors (texts: readonly unknown[], options: InlineErrorOptions): Promise<InlinePredictionSet> {
  const { model: { scripts, ...model }, maxBatchSize, truncate, predict } = options
  if (texts.length === 0 || texts.length > maxBatchSize) throw new BatchSizeError(texts.length, maxBatchSize)
  const failures = texts.map((text, index) => findFailure(text, index, options))
  const valid = texts.filter((_text, index) => failures[index] === undefined) as string[]
  const { predictions, ...set } = valid.length === 0 ? { ...model, predictions: [] } : await predict(valid)
  const remaining = predictions.values()
  return {
    ...set,
    predictions: failures.map((failure, index) => {
      if (failure !== undefined) return failure
      const prediction = remaining.next().value as Prediction
      const { truncated, tokens } = prediction.classification
      return truncated && !truncate ? textTooLong(index, tokens, 'tokens', set.maxTokens) : prediction
    })
  }
}

function findFailure (text: unknown, index: number, { model: { scripts }, maxTextLength, refuseUnreadable }: InlineErrorOptions): FastifyError | undefined {
  if (typeof text !== 'string') return new ValidationError(`Text ${index} must be a string`)
  try {
    checkText(text, index, maxTextLength)
  } catch (error) {
    return error as FastifyError
  }
  return refuseUnreadable && isUnreadable(text, scripts) ? new UnreadableError(index) : undefined
}
