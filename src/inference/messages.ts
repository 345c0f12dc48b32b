import type { Dtype } from '../model/catalog.ts'
import type { Seat } from './next-text.ts'

/** Every message that crosses between the main thread and an inference worker. */

/** The model that a worker is for. */
export interface Startup {
  /** Absolute folder of the model's files. */
  directory: string
  dtype: Dtype
  /** Label names by class index, where the model's own are not to be used. */
  labels?: readonly string[]
}

/** The first message to a worker. */
export interface LoadMessage {
  type: 'load'
  startup: Startup
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
}

/** The model cannot be loaded. The worker exits after it. */
export interface LoadFailedMessage {
  type: 'load-failed'
  reason: string
}

/** One text to classify. A worker gets the next one only when it has answered and took none itself. */
export interface RunMessage {
  type: 'run'
  text: string
}

export type MainMessage = LoadMessage | RunMessage

export interface ResultMessage {
  type: 'result'
  logits: Float32Array
  /** Tokens of the whole text, before it was cut to the model's limit. */
  tokens: number
  truncated: boolean
  /** When the worker began, in epoch milliseconds: each thread's `performance.now()` counts from another start. */
  workerStartedAt: number
  tokenizeMs: number
  inferenceMs: number
}

/** This text failed; the worker goes on. */
export interface RunFailedMessage {
  type: 'run-failed'
  reason: string
}

/** A worker's answer, and whether it has begun with the text that lay ready. */
export type AnswerMessage = (ResultMessage | RunFailedMessage) & { took: boolean }

export type WorkerMessage = ReadyMessage | LoadFailedMessage | AnswerMessage
