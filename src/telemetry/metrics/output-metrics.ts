import type { Registry } from 'prom-client'
import { computeScores, findBestLabel, type PredictionTrace } from '../../prediction/answer.ts'
import { CounterFamily, HistogramFamily, type CounterSeries, type HistogramSeries } from './series.ts'

/** Present from the first scrape, before a model has loaded: the labels of the models in the catalogue. */
const INITIAL_LABELS = ['negative', 'neutral', 'positive']

/** Upper bounds for the score of the predicted label. Of three labels it is at least a third. */
const SCORE_BUCKETS = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1] as const

/** What the model predicts, to notice a change of the texts or of the model. Sentences count as texts. */
export class OutputMetrics {
  readonly #family: CounterFamily
  readonly #labels = new Map<string, CounterSeries>()
  readonly #scores: HistogramSeries
  readonly #unreadable: CounterSeries

  constructor (registry: Registry) {
    this.#family = new CounterFamily(registry, { name: 'sentiment_predictions_total', help: 'Texts answered, by predicted label', labels: ['label'] })
    for (const label of INITIAL_LABELS) this.#counterFor(label)
    this.#scores = new HistogramFamily(registry, { name: 'sentiment_prediction_score', help: 'Score of the predicted label', buckets: SCORE_BUCKETS }).series()
    this.#unreadable = new CounterFamily(registry, { name: 'sentiment_texts_unreadable_total', help: 'Texts answered although most letters are of scripts that the model cannot read' }).series()
  }

  readonly onTrace = ({ answer }: PredictionTrace): void => {
    if (answer === undefined) return
    for (const { classification: { logits }, unreadable } of answer.predictions) {
      const best = findBestLabel(logits)
      this.#counterFor(answer.labels[best] as string).add()
      this.#scores.observe(computeScores(logits)[best] as number)
      if (unreadable) this.#unreadable.add()
    }
  }

  #counterFor (label: string): CounterSeries {
    const counter = this.#labels.get(label) ?? this.#family.series({ label })
    this.#labels.set(label, counter)
    return counter
  }
}
