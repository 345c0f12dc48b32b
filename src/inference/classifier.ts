import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@xenova/transformers'
import type { ModelLoadOptions, TextResult } from './protocol.ts'
import { openLaneSession, openPlainSession, type Session } from './session.ts'

/** Files come from the model store, checked; the library itself must never reach for a hub. */
env.allowRemoteModels = false
env.useFSCache = false

/** Embeddings that these architectures keep in front of position 0: `padding_idx + 1`, as RoBERTa's authors did. */
const OFFSET_POSITION_TYPES: ReadonlySet<string> = new Set(['roberta', 'xlm-roberta', 'camembert', 'xlm-roberta-xl'])

interface ModelConfig {
  model_type?: string
  max_position_embeddings?: number
  pad_token_id?: number
  id2label?: Record<string, string>
}

/** Two texts by which it is seen that texts of one run do not change each other's numbers. */
const PROBES = ['Is it the same? 🌞', 'Good morning!'] as const

/** A tokenizer and one single-threaded ONNX session. Texts are never padded together: see docs/architecture.md for why. */
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

  /** Loads the model. Throws where a file is missing or damaged; there is no other backend to fall back to. */
  static async load ({ directory, dtype, labels, lanes }: ModelLoadOptions): Promise<Classifier> {
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as ModelConfig
    // An absolute path is never mistaken for a hub id, which excludes names such as `a--b` or `v1+cpu`.
    const loading = AutoTokenizer.from_pretrained(directory, { local_files_only: true })
    const probes = loading.then((tokenizer) => [tokenizer.encode(PROBES[0]), tokenizer.encode(PROBES[1])] as const)
    const opening = lanes ? openLaneSession(directory, dtype, probes) : probes.then(() => openPlainSession(directory, dtype))
    const [tokenizer, session] = await Promise.all([loading, opening])
    return new Classifier(tokenizer, session, [...(labels ?? labelsOf(config))], tokenLimit(config, tokenizer))
  }

  /** Most texts of one run. */
  get lanes (): number {
    return this.#session.lanes
  }

  /** Why that is one, where it was to be more. */
  get lanesProblem (): string | undefined {
    return this.#session.problem
  }

  /**
   * Tokenizes (cut at the model's limit), runs the session and returns each text's logits; times are in milliseconds.
   * @param texts as many as LANE_COUNTS has, `lanes` at most
   */
  async classify (texts: readonly string[]): Promise<TextResult[]> {
    const tokenized = texts.map((text) => this.#tokenize(text))
    const start = performance.now()
    const logits = await this.#session.run(tokenized.map(({ ids }) => ids))
    const inferenceMs = (performance.now() - start) / texts.length
    return tokenized.map(({ ids: _, ...text }, index) => ({ ...text, logits: logits[index] as Float32Array, inferenceMs, runTexts: texts.length }))
  }

  /** Gives the model's memory back. */
  release (): Promise<void> {
    return this.#session.release()
  }

  #tokenize (text: string): { ids: number[], tokens: number, truncated: boolean, workerStartedAt: number, tokenizeMs: number } {
    const start = performance.now()
    let ids = this.#tokenizer.encode(text)
    const tokens = ids.length
    const truncated = tokens > this.maxTokens
    // The last token closes the sequence (</s>, [SEP]): it stays when the text is cut.
    if (truncated) ids = [...ids.slice(0, this.maxTokens - 1), ids[tokens - 1] as number]
    return { ids, tokens, truncated, workerStartedAt: performance.timeOrigin + start, tokenizeMs: performance.now() - start }
  }
}

/** Label names by class index, lower case: the same model was published with both `Negative` and `negative`. */
function labelsOf (config: ModelConfig): string[] {
  const entries = Object.entries(config.id2label ?? {})
  if (entries.length === 0) throw new Error('config.json names no labels (id2label): this is not a classifier')
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, label]) => label.toLowerCase())
}

/** Tokens that the model can read: the smaller of what its tokenizer declares and what its positions hold. */
function tokenLimit (config: ModelConfig, tokenizer: PreTrainedTokenizer): number {
  const offset = OFFSET_POSITION_TYPES.has(config.model_type ?? '') ? (config.pad_token_id ?? 1) + 1 : 0
  const positions = (config.max_position_embeddings ?? Infinity) - offset
  const declared = Number((tokenizer as unknown as { model_max_length?: number }).model_max_length ?? Infinity)
  const limit = Math.min(positions, declared)
  return Number.isFinite(limit) ? limit : 512
}
