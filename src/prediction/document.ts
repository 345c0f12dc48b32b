import { SentenceCountError, UnreadableError } from '../errors.ts'
import { nameScores, toSentimentAnswer, type PredictionSet, type SentimentAnswer } from './answer.ts'
import { isUnreadable, checkText } from './text.ts'
import { averageScores, isMixed, splitSentences, type SentenceSpan } from './sentences.ts'

export type SentenceAnswer = SentenceSpan & Pick<SentimentAnswer, 'label' | 'score' | 'scores' | 'truncated'>

/** The answer for a text that was read sentence by sentence. */
export interface DocumentAnswer extends SentimentAnswer {
  sentences: SentenceAnswer[]
  /** True if one sentence is positive and another negative, each with a score of 0.5 or more. */
  mixed: boolean
}

export interface DocumentOptions {
  scripts: readonly string[] | undefined
  maxTextLength: number
  maxSentences: number
  refuseUnreadable: boolean
  predict: (texts: string[]) => Promise<PredictionSet>
}

/**
 * Predicts each sentence of a text, and the text as the mean of its sentences' scores, weighted by tokens. A text beyond the
 * model's token limit is read whole; only a single sentence beyond it is truncated.
 * @throws EMPTY_TEXT, TEXT_TOO_LONG, UNREADABLE, BATCH_SIZE for too many sentences, and what `predict` throws
 */
export async function predictDocument (text: string, { scripts, maxTextLength, maxSentences, refuseUnreadable, predict }: DocumentOptions): Promise<DocumentAnswer> {
  checkText(text, 0, maxTextLength)
  const unreadable = isUnreadable(text, scripts)
  if (unreadable && refuseUnreadable) throw new UnreadableError(0)
  const spans = splitSentences(text)
  if (spans.length > maxSentences) throw new SentenceCountError(spans.length, maxSentences)
  const set = await predict(spans.map(({ offset, length }) => text.slice(offset, offset + length)))
  const answers = set.predictions.map((prediction) => toSentimentAnswer(prediction, set))
  return {
    ...combine(answers, set.labels),
    model: set.model,
    cached: answers.every(({ cached }) => cached),
    truncated: answers.some(({ truncated }) => truncated),
    tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0),
    ...(unreadable && { warnings: ['SCRIPT'] }),
    sentences: answers.map(({ label, score, scores, truncated }, index) => ({ ...spans[index] as SentenceSpan, label, score, scores, truncated })),
    mixed: isMixed(answers)
  }
}

function combine (answers: readonly SentimentAnswer[], labels: readonly string[]): Pick<SentimentAnswer, 'label' | 'score' | 'scores'> {
  const [first, ...others] = answers as [SentimentAnswer, ...SentimentAnswer[]]
  if (others.length === 0) return { label: first.label, score: first.score, scores: first.scores }
  const scores = averageScores(answers.map(({ scores, tokens }) => ({ scores: labels.map((label) => scores[label] as number), tokens })))
  return nameScores(scores, labels, scores.indexOf(Math.max(...scores)))
}
