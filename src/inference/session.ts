import { join } from 'node:path'
import { AutoModelForSequenceClassification } from '@xenova/transformers'
import { weightsFile, type Dtype } from '../models/catalog.ts'
import { buildFeeds, checkInputs, readLogits, selectOutput, SESSION_OPTIONS, type Ids, type OnnxSession, type Session } from './onnx-runtime.ts'
import { openUnpaddedBatchSession, readWeights } from './unpadded-batch/session.ts'

/** Number formats whose activations are quantized. Others cannot be batched, so their weights are not read for it. */
const QUANTIZED: ReadonlySet<Dtype> = new Set(['q8', 'int8', 'uint8'])

/** Loads the model for one text per run. Throws if a file is missing or damaged, or the model needs more than a text. */
export async function openSession (directory: string, dtype: Dtype): Promise<Session> {
  return new PlainSession(await openPlain(directory, dtype))
}

/**
 * Loads the model for several texts per run, or for one if it does not allow more.
 * @param probes token ids of two texts, to verify that batching changes no logit; the weights are read in the meantime
 * @throws {Error} as openSession
 */
export async function openBatchingSession (directory: string, dtype: Dtype, probes: Promise<readonly [Ids, Ids]>): Promise<Session> {
  let reason = `it is ${dtype}, whose activations are not quantized`
  if (QUANTIZED.has(dtype)) {
    const weights = readWeights(join(directory, weightsFile(dtype)))
    // The library reads the file again below, and reports what is wrong with it.
    weights.catch(() => {})
    const texts = await probes
    try {
      return await openUnpaddedBatchSession(await weights, texts)
    } catch (error) {
      reason = (error as Error).message
    }
  }
  await probes
  return new PlainSession(await openPlain(directory, dtype), reason)
}

async function openPlain (directory: string, dtype: Dtype): Promise<OnnxSession> {
  const options = { local_files_only: true, device: 'cpu', dtype, session_options: SESSION_OPTIONS } as const
  const { sessions } = await AutoModelForSequenceClassification.from_pretrained(directory, options)
  const session = sessions.model as OnnxSession
  try {
    checkInputs(session.inputNames)
    selectOutput(session.outputMetadata)
  } catch (error) {
    await session.release()
    throw error
  }
  return session
}

/** A session of the library: one text per run. */
class PlainSession implements Session {
  readonly maxTextsPerRun = 1
  readonly batchingDisabledReason: string | undefined
  readonly #session: OnnxSession
  readonly #output: string

  constructor (session: OnnxSession, batchingDisabledReason?: string) {
    this.#session = session
    this.#output = selectOutput(session.outputMetadata)
    this.batchingDisabledReason = batchingDisabledReason
  }

  async run (texts: readonly Ids[]): Promise<Float32Array[]> {
    if (texts.length > 1) throw new RangeError('This session runs one text at a time')
    return [readLogits(await this.#session.run(buildFeeds(texts[0] ?? [], this.#session.inputNames)), this.#output)]
  }

  release (): Promise<void> {
    return this.#session.release()
  }
}
