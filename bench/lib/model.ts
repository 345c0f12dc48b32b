import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { COMPACT, resolveModel } from '../../src/models/catalog.ts'
import { ModelStore } from '../../src/models/store.ts'
import { BASE } from '../reference-model/shape.ts'
import { REFERENCE_VERSION, writeReferenceModel } from '../reference-model/write.ts'

/** The model that the service and the baselines run. */
export interface BenchModel {
  name: string
  /** Absolute path of its directory. */
  directory: string
  /** Environment that makes the service serve it. */
  env: Record<string, string>
}

const REAL = 'cardiffnlp/twitter-roberta-base-sentiment-latest'
const REFERENCE_DIR = fileURLToPath(new URL(`../../.cache/reference-model-${REFERENCE_VERSION}`, import.meta.url))
const COMPACT_DIR = fileURLToPath(new URL('../../models/compact', import.meta.url))

/** Directory of the reference model: cardiffnlp's shape with random weights, at the same cost. Created on the first call. */
export async function referenceModel (): Promise<string> {
  if (!existsSync(`${REFERENCE_DIR}/onnx/model_quantized.onnx`)) await writeReferenceModel(REFERENCE_DIR, BASE)
  return REFERENCE_DIR
}

/** The embedded model, which a quick run uses. */
export function compactModel (): BenchModel {
  return { name: COMPACT, directory: COMPACT_DIR, env: { MODEL_NAME: COMPACT, EMBEDDED_MODEL_DIR: COMPACT_DIR } }
}

/** The real model if MODEL_DIR (default `models`) contains it, else the reference model. */
export async function benchModel (): Promise<BenchModel> {
  const directory = process.env.MODEL_DIR ?? 'models'
  const store = new ModelStore({ directory, embeddedDirectory: COMPACT_DIR, endpoint: '', logger: pino({ level: 'silent' }) })
  const real = await store.find(resolveModel(REAL, 'main', 'q8'))
  if (real !== undefined) return { name: REAL, directory: real.directory, env: { MODEL_NAME: REAL, MODEL_DIR: directory } }
  const reference = await referenceModel()
  // The service has no name for the reference model, so it is loaded in place of the embedded one.
  return { name: 'reference model', directory: reference, env: { MODEL_NAME: COMPACT, EMBEDDED_MODEL_DIR: reference } }
}
