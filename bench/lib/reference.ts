import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BASE } from '../reference-model/shape.ts'
import { writeReferenceModel } from '../reference-model/write.ts'

const DIRECTORY = fileURLToPath(new URL('../../.cache/reference-model', import.meta.url))

/** Folder of the reference model: cardiffnlp's shape with random weights, which costs what the real one does. Made once. */
export async function referenceModel (): Promise<string> {
  if (!existsSync(`${DIRECTORY}/onnx/model_quantized.onnx`)) await writeReferenceModel(DIRECTORY, BASE)
  return DIRECTORY
}
