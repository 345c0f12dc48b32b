import type { Forecast } from './calibration.ts'
import type { Outcome } from './metrics.ts'

/** A labelled text; the label as class index. */
export interface Example {
  label: number
  text: string
}

export interface Run {
  model: string
  outcomes: (Outcome & Forecast)[]
  textsPerSecond: number
}

interface Prediction { label: string, scores: Record<string, number> }

/**
 * Reads `label<TAB>text` lines; a label is a class index or a name of `labels`.
 * @throws {Error} naming the first line that is neither
 */
export function parseExamples (content: string, labels: readonly string[]): Example[] {
  return content.split('\n').filter((line) => line !== '').map((line, index) => {
    const tab = line.indexOf('\t')
    const name = line.slice(0, tab)
    const label = /^\d+$/.test(name) ? Number(name) : labels.indexOf(name)
    if (tab < 0 || label < 0 || label >= labels.length) {
      throw new Error(`Line ${index + 1} is not LABEL<TAB>TEXT with a label of ${labels.join(', ')} or its number`)
    }
    return { label, text: line.slice(tab + 1) }
  })
}

/** Label names of the model that the service at `url` serves, in class order. */
export async function fetchLabels (url: string): Promise<string[]> {
  const response = await fetch(new URL('/info', url)).catch((error: unknown) => {
    throw new Error(`No service answers at ${url}: start one (make start), or name another with --url`, { cause: error })
  })
  if (!response.ok) throw new Error(`${url} answers /info with ${response.status}: is the service ready?`)
  return (await response.json() as { labels: string[] }).labels
}

/** Sends every text, `batch` at a time, to `POST /predict`. */
export async function predictAll (url: string, examples: readonly Example[], labels: readonly string[], batch: number): Promise<Run> {
  const outcomes: Run['outcomes'] = []
  let model = ''
  const start = performance.now()
  for (let from = 0; from < examples.length; from += batch) {
    const part = examples.slice(from, from + batch)
    const response = await fetch(new URL('/predict', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts: part.map(({ text }) => text) })
    })
    if (!response.ok) throw new Error(`${url} answers with ${response.status}: ${await response.text()}`)
    const body = await response.json() as { model: string, predictions: Prediction[] }
    if (model !== '' && body.model !== model) throw new Error(`The model changed from ${model} to ${body.model} during the run`)
    model = body.model
    body.predictions.forEach(({ label, scores }, index) => outcomes.push({
      truth: (part[index] as Example).label,
      predicted: labels.indexOf(label),
      scores: labels.map((name) => scores[name] ?? 0)
    }))
  }
  return { model, outcomes, textsPerSecond: examples.length / (performance.now() - start) * 1000 }
}
