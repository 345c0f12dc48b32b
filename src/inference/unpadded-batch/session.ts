import { open } from 'node:fs/promises'
import { buildFeeds, checkInputs, runtime, SESSION_OPTIONS, toFloat32, type Ids, type OnnxSession, type Session, type Tensor } from '../onnx-runtime.ts'
import { addUnpaddedBatch, BATCH_INPUT, BATCH_SIZE, EXTRA_BYTES, OUTPUT, slotInput } from './graph.ts'

/** A weights file of `size` bytes, followed by EXTRA_BYTES of free memory. */
export interface Weights {
  memory: Uint8Array<ArrayBuffer>
  size: number
}

/** Reads a weights file. */
export async function readWeights (path: string): Promise<Weights> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const bytes = size + EXTRA_BYTES
    const memory = new Uint8Array(new ArrayBuffer(bytes, { maxByteLength: bytes }))
    for (let position = 0; position < size;) {
      const { bytesRead } = await file.read(memory, position, size - position, position)
      if (bytesRead === 0) throw new Error('the file became shorter while it was read')
      position += bytesRead
    }
    return { memory, size }
  } finally {
    await file.close()
  }
}

/**
 * Loads a model whose runs compute one text, or up to BATCH_SIZE texts without padding. Frees the memory of the weights.
 * @throws {Error} with the reason if the model cannot be batched
 */
export async function openUnpaddedBatchSession ({ memory, size }: Weights, probes: readonly [Ids, Ids]): Promise<Session> {
  let onnxSession: OnnxSession
  try {
    onnxSession = await runtime.InferenceSession.create(addUnpaddedBatch(memory, size), SESSION_OPTIONS)
  } finally {
    // The session has its own copy, and an idle thread may not collect garbage for hours.
    memory.buffer.resize(0)
  }
  try {
    const session = new UnpaddedBatchSession(onnxSession)
    await session.verify(probes)
    return session
  } catch (error) {
    await onnxSession.release()
    throw error
  }
}

class UnpaddedBatchSession implements Session {
  readonly maxTextsPerRun = BATCH_SIZE
  readonly #session: OnnxSession
  /** The model's own inputs. */
  readonly #inputs: readonly string[]
  /** One token for every slot: the inputs of slots that a run does not use. */
  readonly #idleFeeds: Record<string, Tensor> = {}

  constructor (session: OnnxSession) {
    this.#session = session
    const suffix = slotInput('', 0)
    this.#inputs = session.inputNames.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length))
    checkInputs(this.#inputs)
    for (let slot = 0; slot < BATCH_SIZE; slot++) this.#feed(this.#idleFeeds, slot, [0])
  }

  async run (texts: readonly Ids[]): Promise<Float32Array[]> {
    const batched = texts.length > 1
    const feeds = { ...this.#idleFeeds, [BATCH_INPUT]: new runtime.Tensor('bool', Uint8Array.of(Number(batched)), []) }
    texts.forEach((ids, slot) => this.#feed(feeds, slot, ids))
    const data = toFloat32((await this.#session.run(feeds))[OUTPUT])
    const labels = batched ? data.length / BATCH_SIZE : data.length
    return texts.map((_, slot) => data.slice(slot * labels, (slot + 1) * labels))
  }

  /** Throws unless every slot computes exactly the logits of a run with one text. */
  async verify (probes: readonly [Ids, Ids]): Promise<void> {
    const alone = [(await this.run([probes[0]])).join(), (await this.run([probes[1]])).join()]
    const order = Array.from({ length: BATCH_SIZE }, (_, slot) => slot % probes.length)
    const together = await this.run(order.map((probe) => probes[probe] as Ids))
    const differs = together.some((logits, slot) => logits.join() !== alone[order[slot] as number])
    if (differs) throw new Error('its numbers in a batch differ from those of a run alone')
  }

  release (): Promise<void> {
    return this.#session.release()
  }

  #feed (feeds: Record<string, Tensor>, slot: number, ids: Ids): void {
    for (const [name, tensor] of Object.entries(buildFeeds(ids, this.#inputs))) feeds[slotInput(name, slot)] = tensor
  }
}
