import type { Dtype } from '../models/catalog.ts'
import type { Seat } from './next-run.ts'

/** Every message that crosses between the main thread and an inference worker. */

/** The model that a worker is for. */
export interface ModelLoadOptions {
  /** Absolute folder of the model's files. */
  directory: string
  dtype: Dtype
  /** Label names by class index, where the model's own are not to be used. */
  labels?: readonly string[]
  /** Whether a run is to take several texts, where the model can: it takes half a second longer to load. */
  lanes: boolean
}

/** The first message to a worker, and one that is sent again where it is to load the model in another way. */
export interface LoadMessage {
  type: 'load'
  startup: ModelLoadOptions
  /** Where the next text lies. */
  seat: Seat
}

/** The model is loaded and warmed up; the worker takes texts. */
export interface ReadyMessage {
  type: 'ready'
  labels: string[]
  /** Most tokens that the model reads; a longer text is cut. */
  maxTokens: number
  /** Milliseconds of the warm-up run, the first estimate of a text's cost. */
  warmupMs: number
  /** Most texts of one run. */
  lanes: number
  /** Why that is one, where it was to be more. */
  lanesProblem?: string
}

/** The model cannot be loaded. The worker exits after it. */
export interface LoadFailedMessage {
  type: 'load-failed'
  reason: string
}

/** Texts to classify in one run. A worker gets the next ones only when it has answered and took none itself. */
export interface RunMessage {
  type: 'run'
  texts: readonly string[]
}

export type MainMessage = LoadMessage | RunMessage

export interface TextResult {
  logits: Float32Array
  /** Tokens of the whole text, before it was cut to the model's limit. */
  tokens: number
  truncated: boolean
  /** When the worker began, in epoch milliseconds: each thread's `performance.now()` counts from another start. */
  workerStartedAt: number
  tokenizeMs: number
  /** Its share of its run. */
  inferenceMs: number
  /** Texts that shared the run. */
  runTexts: number
}

/** This text failed; the worker goes on. */
export interface TextFailure {
  failure: string
}

export type TextOutcome = TextResult | TextFailure

/** A worker's answer: what came of each text of its run. */
export interface AnswerMessage {
  type: 'answer'
  outcomes: TextOutcome[]
  /** Whether it has begun with the texts that lay ready. */
  took: boolean
}

export type WorkerMessage = ReadyMessage | LoadFailedMessage | AnswerMessage
