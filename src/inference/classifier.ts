import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AutoModelForSequenceClassification, AutoTokenizer, env, Tensor, type PreTrainedTokenizer } from '@xenova/transformers'
import type { ResultMessage, Startup } from './messages.ts'
import { SESSION_OPTIONS } from './session-options.ts'

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

/** The library's session. Asked itself, without the model around it: what that does for other tasks costs 1 % of a text. */
interface Session {
  inputNames: readonly string[]
  run: (feeds: Record<string, Tensor['ort_tensor']>) => Promise<{ logits: { data: Float32Array } }>
}

/** What an input of a sequence classifier holds for one whole text, by its name. */
const INPUTS: Record<string, (ids: readonly number[]) => BigInt64Array> = {
  input_ids: (ids) => BigInt64Array.from(ids, BigInt),
  attention_mask: (ids) => new BigInt64Array(ids.length).fill(1n),
  token_type_ids: (ids) => new BigInt64Array(ids.length)
}

/** A tokenizer and one single-threaded ONNX session. Runs one text at a time: see docs/architecture.md for why. */
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
  static async load ({ directory, dtype, labels }: Startup): Promise<Classifier> {
    env.localModelPath = dirname(directory)
    const id = basename(directory)
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as ModelConfig
    const tokenizer = await AutoTokenizer.from_pretrained(id, { local_files_only: true })
    const { sessions } = await AutoModelForSequenceClassification.from_pretrained(id, {
      local_files_only: true,
      device: 'cpu',
      dtype,
      session_options: SESSION_OPTIONS
    })
    const session = sessions.model as Session
    const unknown = session.inputNames.filter((name) => !(name in INPUTS))
    if (unknown.length > 0) throw new Error(`The model takes ${unknown.join(', ')} beside a text: this is not a text classifier`)
    return new Classifier(tokenizer, session, [...(labels ?? labelsOf(config))], tokenLimit(config, tokenizer))
  }

  /** Tokenizes (cut at the model's limit), runs the session and returns the logits; times are in milliseconds. */
  async classify (text: string): Promise<ResultMessage> {
    const start = performance.now()
    let ids = this.#tokenizer.encode(text)
    const tokens = ids.length
    const truncated = tokens > this.maxTokens
    // The last token closes the sequence (</s>, [SEP]): it stays when the text is cut.
    if (truncated) ids = [...ids.slice(0, this.maxTokens - 1), ids[tokens - 1] as number]
    const feeds: Record<string, Tensor['ort_tensor']> = {}
    for (const name of this.#session.inputNames) {
      feeds[name] = new Tensor('int64', INPUTS[name]?.(ids) ?? [], [1, ids.length]).ort_tensor
    }
    const tokenized = performance.now()
    const output = await this.#session.run(feeds)
    const inferred = performance.now()
    return {
      type: 'result',
      logits: Float32Array.from(output.logits.data),
      tokens,
      truncated,
      workerStartedAt: performance.timeOrigin + start,
      tokenizeMs: tokenized - start,
      inferenceMs: inferred - tokenized
    }
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
