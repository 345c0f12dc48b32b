import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { robertaClassifier } from './roberta.ts'
import { LABELS, PAD_ID, type Shape } from './shape.ts'
import { robertaTokenizer, TOKENIZER_CONFIG } from './tokenizer.ts'

/** Raised with every change of the bytes: a copy that was made before is not used. */
export const REFERENCE_VERSION = 2

/** Writes a model with random weights into `directory`, in the layout of a hub repository: dtype q8. */
export async function writeReferenceModel (directory: string, shape: Shape, seed = 1): Promise<void> {
  await mkdir(join(directory, 'onnx'), { recursive: true })
  const json = async (name: string, value: unknown, indent?: number): Promise<void> => {
    await writeFile(join(directory, name), `${JSON.stringify(value, null, indent)}\n`)
  }
  await json('config.json', modelConfig(shape), 2)
  await json('tokenizer.json', robertaTokenizer(shape.vocabulary))
  await json('tokenizer_config.json', TOKENIZER_CONFIG, 2)
  await writeFile(join(directory, 'onnx', 'model_quantized.onnx'), robertaClassifier(shape, seed))
}

function modelConfig (shape: Shape): object {
  return {
    architectures: ['RobertaForSequenceClassification'],
    model_type: 'roberta',
    num_hidden_layers: shape.layers,
    hidden_size: shape.hidden,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.positions,
    type_vocab_size: 1,
    bos_token_id: 0,
    pad_token_id: PAD_ID,
    eos_token_id: 2,
    id2label: Object.fromEntries(LABELS.map((label, index) => [index, label])),
    label2id: Object.fromEntries(LABELS.map((label, index) => [label, index]))
  }
}
