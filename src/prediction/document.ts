import { SentenceCountError, UnreadableError } from '../errors.ts'
import { nameScores, toSentimentAnswer, type PredictionSet, type SentimentAnswer } from './answer.ts'
import { isBlank, isUnreadable, checkText } from './text.ts'

/** A sentence's position in its text: `text.slice(offset, offset + length)`, in UTF-16 code units. */
export interface SentenceSpan {
  offset: number
  length: number
}

/** One sentence's scores (0…1, in label order) and the number of tokens that the model read: its weight in the document. */
export interface WeightedScores {
  scores: readonly number[]
  tokens: number
}

/** Sentences with at least this score count for `mixed`. */
const MIXED_MIN_SCORE = 0.5

/** A piece is a sentence only if it contains a letter, a digit or an emoji (including flags and keycaps) and is visible: Hangul fillers are letters, too. */
const CONTENT = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}\u20E3]/u

/** Six decimals, as in the scores of a single text. */
const DECIMALS = 1e6

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/**
 * Splits a text into sentences, in order, without the white space around them. A piece without content, such as `...`, is added to
 * the sentence before it, or at the start of the text to the one after it. A text without any content is one sentence.
 */
export function splitSentences (text: string): SentenceSpan[] {
  const pieces: { start: number, end: number, hasContent: boolean }[] = []
  for (const { segment, index } of segmenter.segment(text)) {
    const piece = { start: index, end: index + segment.length, hasContent: CONTENT.test(segment) && !isBlank(segment) }
    const previous = pieces.at(-1)
    if (previous !== undefined && (!piece.hasContent || !previous.hasContent)) {
      previous.end = piece.end
      previous.hasContent ||= piece.hasContent
    } else {
      pieces.push(piece)
    }
  }
  return pieces.map(({ start, end }) => trimSpan(text, start, end))
}

function trimSpan (text: string, start: number, end: number): SentenceSpan {
  const piece = text.slice(start, end)
  const offset = start + piece.length - piece.trimStart().length
  return { offset, length: piece.trim().length }
}

/**
 * Scores of a document: the mean of its sentences' scores, each weighted by its tokens, rounded to six decimals. They sum to 1
 * within 1e-5 if every sentence's scores do.
 */
export function averageScores (sentences: readonly WeightedScores[]): number[] {
  const tokens = sentences.reduce((sum, sentence) => sum + sentence.tokens, 0)
  const labels = sentences[0]?.scores.length ?? 0
  return Array.from({ length: labels }, (_, label) => {
    const sum = sentences.reduce((total, { scores, tokens: weight }) => total + (scores[label] ?? 0) * weight, 0)
    return Math.round(sum / tokens * DECIMALS) / DECIMALS
  })
}

/** True if one sentence is positive and another negative, each with a score of 0.5 or more. */
export function isMixed (sentences: readonly { label: string, score: number }[]): boolean {
  const has = (wanted: string): boolean => sentences.some(({ label, score }) => label === wanted && score >= MIXED_MIN_SCORE)
  return has('positive') && has('negative')
}

export type SentenceAnswer = SentenceSpan & Pick<SentimentAnswer, 'label' | 'score' | 'scores' | 'truncated'>

/** The answer for a text that was predicted sentence by sentence. */
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
 * model's token limit is read completely; only a single sentence beyond it is truncated.
 * @throws EMPTY_TEXT, TEXT_TOO_LONG, UNREADABLE, BATCH_SIZE for too many sentences, and the errors of `predict`
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
