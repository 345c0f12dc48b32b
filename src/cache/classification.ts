/** What the model said of one text: everything that an answer is derived from. */
export interface Classification {
  /** One logit a label, in the model's label order. */
  logits: Float32Array
  /** Tokens of the whole text, before it was cut to the model's limit. */
  tokens: number
  truncated: boolean
}
