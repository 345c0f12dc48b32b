import type { Dtype } from '../models/catalog.ts'
import type { DefaultScoreFunction } from './model-config.ts'

/** Every message that crosses between the main thread and an inference worker. */

export interface ModelLoadOptions {
  /** Absolute path of the folder with the model's files. */
  directory: string
  dtype: Dtype
  /** Label names by class index; they replace those of config.json. */
  labels?: readonly string[]
  /** Whether a run may compute several texts, if the model allows it. Loading takes half a second longer. */
  batching: boolean
}

/** Loads the model. Sent once at the start, and again to load it with another `batching`. */
export interface LoadMessage {
  type: 'load'
  options: ModelLoadOptions
}

/** The model is loaded and warmed up; the worker accepts runs. */
export interface ReadyMessage {
  type: 'ready'
  /** In the order of the logits, in the model's own spelling. */
  labels: string[]
  scoreFunction: DefaultScoreFunction
  /** Longest input of the model, in tokens; longer texts are truncated. */
  maxTokens: number
  /** Milliseconds that WARMUP_TEXT took: the first estimate of what a text costs. */
  warmupMs: number
  /** Texts that one run can compute, at least 1. */
  maxTextsPerRun: number
  /** Why `maxTextsPerRun` is 1 although batching was requested. */
  batchingDisabledReason?: string
}

/** The model cannot be loaded. The worker exits afterwards. */
export interface LoadFailedMessage {
  type: 'load-failed'
  reason: string
}

/** Texts to compute in one run. A worker gets the next run only after it has answered. */
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

/** The model failed on this text; the worker accepts further runs. */
export interface TextFailure {
  failure: string
}

export type TextOutcome = TextResult | TextFailure

/** The outcomes of a run, in the order of its texts. */
export interface RunResultMessage {
  type: 'run-result'
  outcomes: TextOutcome[]
}

export type WorkerMessage = ReadyMessage | LoadFailedMessage | RunResultMessage

/** Computed when a model is loaded: long enough to use every kernel, and typical of a tweet's cost. */
export const WARMUP_TEXT = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all!'
