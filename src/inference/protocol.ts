import type { Dtype } from '../models/catalog.ts'
import type { DefaultScoreFunction } from './model-config.ts'

/* The messages between the main thread and an inference worker. */

export interface ModelLoadOptions {
  /** Absolute path of the directory with the model's files. */
  directory: string
  dtype: Dtype
  /** Label names by class index, which replace those of config.json. */
  labels?: readonly string[]
  /** Whether a run may compute several texts, if the model allows it. Takes half a second more to load. */
  batching: boolean
}

/** Sent at the start, and again to load the model with another `batching`. */
export interface LoadMessage {
  type: 'load'
  options: ModelLoadOptions
}

/** The model is loaded and warmed up; the worker accepts runs. */
export interface ReadyMessage {
  type: 'ready'
  /** In the order of the logits, with the model's spelling. */
  labels: string[]
  scoreFunction: DefaultScoreFunction
  /** Longer texts are truncated. */
  maxTokens: number
  /** Milliseconds that WARMUP_TEXT took: the first estimate of the cost of a text. */
  warmupMs: number
  /** At least 1. */
  maxTextsPerRun: number
  /** Why `maxTextsPerRun` is 1 although batching was requested. */
  batchingDisabledReason?: string
}

/** The model cannot be loaded. The worker exits afterwards. */
export interface LoadFailedMessage {
  type: 'load-failed'
  reason: string
}

/** Texts to compute in one run. Sent only to idle workers. */
export interface RunMessage {
  type: 'run'
  texts: readonly string[]
}

export type MainMessage = LoadMessage | RunMessage

export interface TextResult {
  /** One logit per label, in the model's label order. */
  logits: Float32Array
  /** Tokens of the whole text, before truncation. */
  tokens: number
  truncated: boolean
  /** When tokenization began, in epoch milliseconds: `performance.now()` has another origin in each thread. */
  workerStartedAt: number
  tokenizeMs: number
  /** The text's share of its run. */
  inferenceMs: number
  /** Texts in the run. */
  runTexts: number
}

/** The result of a text, or why the model failed on it; the worker accepts further runs. */
export type TextOutcome = TextResult | { failure: string }

/** The outcomes of a run, in the order of its texts. */
export interface RunResultMessage {
  type: 'run-result'
  outcomes: TextOutcome[]
}

export type WorkerMessage = ReadyMessage | LoadFailedMessage | RunResultMessage

/** Computed when a model is loaded: long enough to use every kernel, and typical of a tweet's cost. */
export const WARMUP_TEXT = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all!'
