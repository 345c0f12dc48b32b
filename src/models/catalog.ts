import { HUB_ID, REVISION } from '../config/formats.ts'

/** Number formats of ONNX weights, named as in transformers.js. */
export type Dtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'bnb4'

/** Everything needed to find, download and load one model. */
export interface ModelSpec {
  /** The public name, e.g. `cardiffnlp/twitter-roberta-base-sentiment-latest`. */
  name: string
  /** The hub repository with the ONNX files, e.g. `Xenova/twitter-roberta-base-sentiment-latest`. */
  repo: string
  /** Branch, tag or commit of `repo`. */
  revision: string
  dtype: Dtype
  /** True for the model that is part of the service: it is never downloaded. */
  embedded: boolean
  /** Unicode scripts that the model reads; undefined if nothing is known. */
  scripts?: readonly string[]
  /** Label names by class index, if the model's own config does not name them. */
  labels?: readonly string[]
}

/** Name of the embedded model. */
export const COMPACT = 'compact'

/** First digits of the SHA-256 of its weights. */
export const COMPACT_REVISION = '4418d4aeb93e'

const SUFFIXES: Readonly<Record<Dtype, string>> = {
  fp32: '', fp16: '_fp16', q8: '_quantized', int8: '_int8', uint8: '_uint8', q4: '_q4', bnb4: '_bnb4'
}

/** Models whose ONNX files are in another repository than the public one. */
const REPOS: Readonly<Record<string, string>> = {
  'cardiffnlp/twitter-roberta-base-sentiment-latest': 'Xenova/twitter-roberta-base-sentiment-latest',
  'distilbert-base-uncased-finetuned-sst-2-english': 'Xenova/distilbert-base-uncased-finetuned-sst-2-english',
  'distilbert/distilbert-base-uncased-finetuned-sst-2-english': 'Xenova/distilbert-base-uncased-finetuned-sst-2-english'
}

/** Repositories whose config names the labels LABEL_0, LABEL_1, …; these names are from the model card. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  'cardiffnlp/twitter-roberta-base-sentiment': ['negative', 'neutral', 'positive'],
  'Xenova/twitter-roberta-base-sentiment': ['negative', 'neutral', 'positive']
}

/** Scripts of the models whose vocabulary is known. */
const LATIN = ['Latin'] as const
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  'Xenova/twitter-roberta-base-sentiment-latest': LATIN,
  'cardiffnlp/twitter-roberta-base-sentiment': LATIN,
  'Xenova/twitter-roberta-base-sentiment': LATIN
}

/** All dtypes, in the order of the catalogue. */
export const DTYPES = Object.keys(SUFFIXES) as Dtype[]

/** Path of a dtype's weights inside a model's directory, e.g. `onnx/model_quantized.onnx` for `q8`. */
export function weightsFile (dtype: Dtype): string {
  return `onnx/model${SUFFIXES[dtype]}.onnx`
}

/**
 * Maps the name of a model to the repository with its ONNX files, to which `revision` refers. The embedded model has only q8
 * weights and one revision: both arguments are ignored for it.
 * @throws {RangeError} if `name` is not a hub id or `revision` not a Git revision: both become parts of paths
 */
export function resolveModel (name: string, revision: string, dtype: Dtype): ModelSpec {
  if (name === COMPACT) return { name, repo: COMPACT, revision: COMPACT_REVISION, dtype: 'q8', embedded: true, scripts: LATIN }
  if (!HUB_ID.test(name)) {
    throw new RangeError(`MODEL_NAME "${name}" is not a model id: expected owner/name as on the hub, or ${COMPACT}`)
  }
  if (!REVISION.test(revision) || revision.length > 200) {
    throw new RangeError(`MODEL_REVISION "${revision}" is not a branch, a tag or a commit`)
  }
  const repo = REPOS[name] ?? name
  const labels = LABELS[repo]
  const scripts = SCRIPTS[repo]
  return { name, repo, revision, dtype, embedded: false, ...(labels && { labels }), ...(scripts && { scripts }) }
}
