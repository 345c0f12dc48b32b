/** The parts of a model's config.json that the service uses. */
export interface ModelConfig {
  model_type?: string
  problem_type?: string | null
  max_position_embeddings?: number
  pad_token_id?: number | null
  id2label?: Readonly<Record<string, unknown>> | null
}

/** A model's function from logits to scores. */
export type DefaultScoreFunction = 'softmax' | 'sigmoid'

/**
 * Architectures with `padding_idx + 1` unused embeddings in front of position 0, as in RoBERTa.
 * Source: transformers, `create_position_ids_from_input_ids` in each `modeling_….py`.
 */
const OFFSET_POSITION_TYPES: ReadonlySet<string> = new Set([
  'roberta', 'xlm-roberta', 'xlm-roberta-xl', 'camembert', 'mpnet', 'data2vec-text', 'xmod', 'ibert', 'longformer', 'roberta-prelayernorm', 'luke', 'markuplm'
])

/** The token limit of models that declare none. Their tokenizers declare 1e30. */
const DEFAULT_MAX_TOKENS = 512
const UNLIMITED = 1e6

/**
 * Reads the label names by class index, with the model's spelling; `LABEL_0`, `LABEL_1`, … if it declares none, as in
 * transformers. `count` is the number of logits.
 * @throws {Error} unless the model declares one distinct name per logit
 */
export function readLabels ({ id2label }: ModelConfig, count: number): string[] {
  const { length: declared } = Object.keys(id2label ?? {})
  const indices = [...Array(count).keys()]
  if (declared === 0) return indices.map((index) => `LABEL_${index}`)
  if (declared !== count) throw new Error(`config.json declares ${declared} labels (id2label), but the model computes ${count}`)
  const labels = indices.map((index) => {
    const label = id2label?.[index]
    // For example a number of stars.
    if (typeof label === 'number') return String(label)
    if (typeof label === 'string' && label !== '__proto__' && label.trim() !== '') return label
    throw new Error(`config.json has no usable name for label ${index} (id2label): it must have one for each of 0 to ${count - 1}`)
  })
  const repeated = labels.find((label, index) => labels.indexOf(label) !== index)
  if (repeated !== undefined) throw new Error(`config.json gives several labels the name "${repeated}" (id2label): their scores could not be distinguished`)
  return labels
}

/**
 * Reads the function from logits to scores: `softmax` if exactly one label applies, `sigmoid` if labels are independent. The default
 * for a single label is `sigmoid`, as in transformers.
 * @throws {Error} if the model does not predict labels
 */
export function readScoreFunction ({ problem_type: type }: ModelConfig, count: number): DefaultScoreFunction {
  if (type === 'multi_label_classification') return 'sigmoid'
  if (type === 'single_label_classification' && count > 1) return 'softmax'
  if (type !== undefined && type !== null && type !== 'single_label_classification') {
    throw new Error(`config.json declares the problem_type ${type}: the model is not a classifier`)
  }
  return count === 1 ? 'sigmoid' : 'softmax'
}

/** Reads the maximum input length in tokens: the smaller of the tokenizer's limit and the number of usable positions. */
export function readTokenLimit (config: ModelConfig, declared = Infinity): number {
  const offset = OFFSET_POSITION_TYPES.has(config.model_type ?? '') ? (config.pad_token_id ?? 1) + 1 : 0
  const positions = (config.max_position_embeddings ?? 0) - offset
  // Models with relative positions only may declare -1.
  const limit = Math.min(positions > 0 ? positions : Infinity, declared > 0 ? declared : Infinity)
  return limit < UNLIMITED ? limit : DEFAULT_MAX_TOKENS
}
