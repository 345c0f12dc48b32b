import { join } from 'node:path'
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@xenova/transformers'
import { readJson } from '../models/files.ts'
import { readLabels, readScoreFunction, readTokenLimit, type DefaultScoreFunction, type ModelConfig } from './model-config.ts'
import type { Session } from './onnx-runtime.ts'
import type { ModelLoadOptions, TextResult } from './protocol.ts'
import { openBatchingSession, openSession } from './session.ts'

/** The model store provides verified files; the library itself must never request files from a hub. */
env.allowRemoteModels = false
env.useFSCache = false

/** Two texts to verify that the texts of a run do not change each other's logits. */
const PROBES = ['Is it the same? 🌞', 'Good morning!'] as const

/** A tokenizer and a single-threaded ONNX session. Texts are never padded together: see unpadded-batch/README.md. */
export class Classifier {
  /** In the order of the logits, with the model's spelling. */
  readonly labels: string[]
  readonly scoreFunction: DefaultScoreFunction
  readonly maxTokens: number
  readonly #tokenizer: PreTrainedTokenizer
  readonly #session: Session

  private constructor (tokenizer: PreTrainedTokenizer, session: Session, config: ModelConfig, labels: string[]) {
    this.#tokenizer = tokenizer
    this.#session = session
    this.labels = labels
    this.scoreFunction = readScoreFunction(config, labels.length)
    this.maxTokens = readTokenLimit(config, (tokenizer as unknown as { model_max_length?: number }).model_max_length)
  }

  /** Loads the model and runs it once. Throws if a file is missing or damaged, or if the model is not a text classifier. */
  static async load ({ directory, dtype, labels, batching }: ModelLoadOptions): Promise<Classifier> {
    const config = await readJson(join(directory, 'config.json')) as ModelConfig
    // `directory` is absolute: the library treats other paths as hub ids, and rejects names such as `a--b` or `v1+cpu`.
    const loading = AutoTokenizer.from_pretrained(directory, { local_files_only: true })
    const probes = loading.then((tokenizer) => [tokenizer.encode(PROBES[0]), tokenizer.encode(PROBES[1])] as const)
    const opening = batching ? openBatchingSession(directory, dtype, probes) : probes.then(() => openSession(directory, dtype))
    const [tokenizer, session] = await Promise.all([loading, opening])
    try {
      const [logits] = await session.run([(await probes)[0]])
      const { length: count = 0 } = logits ?? {}
      return new Classifier(tokenizer, session, config, labels?.length === count ? [...labels] : readLabels(config, count))
    } catch (error) {
      await session.release()
      throw error
    }
  }

  /** Maximum number of texts per run, at least 1. */
  get maxTextsPerRun (): number {
    return this.#session.maxTextsPerRun
  }

  /** Why `maxTextsPerRun` is 1 although batching was requested. */
  get batchingDisabledReason (): string | undefined {
    return this.#session.batchingDisabledReason
  }

  /**
   * Tokenizes the texts, truncates them to the model's limit and runs the session; times are in milliseconds.
   * @param texts at most `maxTextsPerRun`
   */
  async classify (texts: readonly string[]): Promise<TextResult[]> {
    const tokenized = texts.map((text) => this.#tokenize(text))
    const start = performance.now()
    const logits = await this.#session.run(tokenized.map(({ ids }) => ids))
    const inferenceMs = (performance.now() - start) / texts.length
    return tokenized.map(({ ids: _, ...text }, index) => ({ ...text, logits: logits[index] as Float32Array, inferenceMs, runTexts: texts.length }))
  }

  /** Frees the model's memory. */
  release (): Promise<void> {
    return this.#session.release()
  }

  #tokenize (text: string): { ids: number[], tokens: number, truncated: boolean, workerStartedAt: number, tokenizeMs: number } {
    const start = performance.now()
    let ids = this.#tokenizer.encode(text)
    const tokens = ids.length
    const truncated = tokens > this.maxTokens
    // The last token ends the sequence (</s>, [SEP]), so truncation keeps it.
    if (truncated) ids = [...ids.slice(0, this.maxTokens - 1), ids[tokens - 1] as number]
    return { ids, tokens, truncated, workerStartedAt: performance.timeOrigin + start, tokenizeMs: performance.now() - start }
  }
}
