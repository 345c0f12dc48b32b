import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@xenova/transformers'
import type { ModelLoadOptions, TextResult } from './protocol.ts'
import type { Session } from './onnx-runtime.ts'
import { openBatchingSession, openSession } from './session.ts'

/** The model store provides checked files; the library itself must never request any from a hub. */
env.allowRemoteModels = false
env.useFSCache = false

/** Architectures with `padding_idx + 1` unused embeddings in front of position 0, as in RoBERTa. */
const OFFSET_POSITION_TYPES: ReadonlySet<string> = new Set(['roberta', 'xlm-roberta', 'camembert', 'xlm-roberta-xl'])

interface ModelConfig {
  model_type?: string
  max_position_embeddings?: number
  pad_token_id?: number
  id2label?: Record<string, string>
}

/** Two texts that verify that texts of one run do not change each other's numbers. */
const PROBES = ['Is it the same? 🌞', 'Good morning!'] as const

/** A tokenizer and a single-threaded ONNX session. Texts are never padded together: see unpadded-batch/README.md. */
export class Classifier {
  readonly labels: string[]
  readonly maxTokens: number
  readonly #tokenizer: PreTrainedTokenizer
  readonly #session: Session

  private constructor (tokenizer: PreTrainedTokenizer, session: Session, labels: string[], maxTokens: number) {
    this.#tokenizer = tokenizer
    this.#session = session
    this.labels = labels
    this.maxTokens = maxTokens
  }

  /** Loads the model. Throws if a file is missing or damaged. */
  static async load ({ directory, dtype, labels, batching }: ModelLoadOptions): Promise<Classifier> {
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as ModelConfig
    // An absolute path is never mistaken for a hub id, which excludes names such as `a--b` or `v1+cpu`.
    const loading = AutoTokenizer.from_pretrained(directory, { local_files_only: true })
    const probes = loading.then((tokenizer) => [tokenizer.encode(PROBES[0]), tokenizer.encode(PROBES[1])] as const)
    const opening = batching ? openBatchingSession(directory, dtype, probes) : probes.then(() => openSession(directory, dtype))
    const [tokenizer, session] = await Promise.all([loading, opening])
    return new Classifier(tokenizer, session, [...(labels ?? readLabels(config))], readTokenLimit(config, tokenizer))
  }

  /** Texts that one run can compute, at least 1. */
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
    // The last token closes the sequence (</s>, [SEP]): truncation keeps it.
    if (truncated) ids = [...ids.slice(0, this.maxTokens - 1), ids[tokens - 1] as number]
    return { ids, tokens, truncated, workerStartedAt: performance.timeOrigin + start, tokenizeMs: performance.now() - start }
  }
}

/** Label names by class index, lower case: the same model was published with both `Negative` and `negative`. */
function readLabels (config: ModelConfig): string[] {
  const entries = Object.entries(config.id2label ?? {})
  if (entries.length === 0) throw new Error('config.json names no labels (id2label): this is not a classifier')
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, label]) => label.toLowerCase())
}

/** Longest input in tokens: the smaller of the tokenizer's limit and the number of usable positions. */
function readTokenLimit (config: ModelConfig, tokenizer: PreTrainedTokenizer): number {
  const offset = OFFSET_POSITION_TYPES.has(config.model_type ?? '') ? (config.pad_token_id ?? 1) + 1 : 0
  const positions = (config.max_position_embeddings ?? Infinity) - offset
  const declared = Number((tokenizer as unknown as { model_max_length?: number }).model_max_length ?? Infinity)
  const limit = Math.min(positions, declared)
  return Number.isFinite(limit) ? limit : 512
}
