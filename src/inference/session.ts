import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AutoModelForSequenceClassification } from '@xenova/transformers'
import { weightsFile, type Dtype } from '../models/catalog.ts'
import { LANE_COUNTS, MAX_LANES } from './lane-counts.ts'
import { addLanes, COUNT_INPUT, laneInput, LANES_ROOM, OUTPUT } from './unpadded-batch/graph.ts'
import { checkInputs, buildFeeds, runtime, type OnnxSession, type Tensor } from './onnx-runtime.ts'
import { SESSION_OPTIONS } from './session-options.ts'

type Ids = readonly number[]

/** A loaded model: gives the logits of one text or of several. */
export interface Session {
  /** Most texts of one run; each number in LANE_COUNTS up to it is possible. */
  readonly lanes: number
  /** Why that is one, where it was to be more. */
  readonly problem?: string | undefined
  /** Logits of each text, by its token ids. */
  run: (texts: readonly Ids[]) => Promise<Float32Array[]>
  /** Gives its memory back. */
  release: () => Promise<void>
}

/** Number formats whose products have quantized activations. Others are not even read: addLanes would refuse them. */
const QUANTIZED: ReadonlySet<Dtype> = new Set(['q8', 'int8', 'uint8'])

/** Loads the model to run one text at a time. Throws where a file is missing or damaged, or it takes something else than a text. */
export function openPlainSession (directory: string, dtype: Dtype): Promise<Session> {
  return PlainSession.open(directory, dtype)
}

/**
 * Loads the model with lanes, or without where it cannot have them.
 * @param probes token ids of two texts, by which it is seen that lanes change no number; the weights are read meanwhile
 * @throws {Error} as openPlainSession
 */
export async function openLaneSession (directory: string, dtype: Dtype, probes: Promise<readonly [Ids, Ids]>): Promise<Session> {
  if (!QUANTIZED.has(dtype)) {
    await probes
    return PlainSession.open(directory, dtype, `its activations are not quantized: it is ${dtype}`)
  }
  const weights = readWithRoom(join(directory, weightsFile(dtype)))
  // Whatever is wrong with the file is told by the library, which reads it again.
  weights.catch(() => {})
  const texts = await probes
  let problem: string
  try {
    return await LaneSession.open(await weights, texts)
  } catch (error) {
    problem = (error as Error).message
  }
  return PlainSession.open(directory, dtype, problem)
}

/** A session of the library, one text a run. */
class PlainSession implements Session {
  readonly lanes = 1
  readonly problem: string | undefined
  readonly #session: OnnxSession

  private constructor (session: OnnxSession, problem?: string) {
    this.#session = session
    this.problem = problem
  }

  static async open (directory: string, dtype: Dtype, problem?: string): Promise<PlainSession> {
    const options = { local_files_only: true, device: 'cpu', dtype, session_options: SESSION_OPTIONS } as const
    const { sessions } = await AutoModelForSequenceClassification.from_pretrained(directory, options)
    const session = sessions.model as OnnxSession
    checkInputs(session.inputNames)
    return new PlainSession(session, problem)
  }

  async run (texts: readonly Ids[]): Promise<Float32Array[]> {
    if (texts.length > 1) throw new RangeError('This session runs one text at a time')
    const { logits } = await this.#session.run(buildFeeds(texts[0] ?? [], this.#session.inputNames))
    return [Float32Array.from(logits?.data ?? [])]
  }

  release (): Promise<void> {
    return this.#session.release()
  }
}

/** A session with lanes (lanes.ts). */
class LaneSession implements Session {
  readonly lanes = MAX_LANES
  readonly #session: OnnxSession
  /** The model's own inputs. */
  readonly #inputs: readonly string[]
  /** What lanes that a run does not use are fed. */
  readonly #idle: Record<string, Tensor> = {}

  private constructor (session: OnnxSession) {
    this.#session = session
    this.#inputs = session.inputNames.filter((name) => name.endsWith(laneInput('', 0))).map((name) => name.slice(0, -laneInput('', 0).length))
    checkInputs(this.#inputs)
    for (let lane = 0; lane < MAX_LANES; lane++) this.#feed(this.#idle, lane, [0])
  }

  static async open ({ memory, size }: Weights, probes: readonly [Ids, Ids]): Promise<LaneSession> {
    let session: OnnxSession
    try {
      session = await runtime.InferenceSession.create(addLanes(memory, size), SESSION_OPTIONS)
    } finally {
      // The session has what it needs; an idle thread's next collection may be hours away.
      memory.buffer.resize(0)
    }
    try {
      const lanes = new LaneSession(session)
      await lanes.#verify(probes)
      return lanes
    } catch (error) {
      await session.release()
      throw error
    }
  }

  async run (texts: readonly Ids[]): Promise<Float32Array[]> {
    const feeds = { ...this.#idle, [COUNT_INPUT]: new runtime.Tensor('int64', BigInt64Array.of(BigInt(texts.length)), []) }
    texts.forEach((ids, lane) => this.#feed(feeds, lane, ids))
    const data = (await this.#session.run(feeds))[OUTPUT]?.data ?? new Float32Array()
    const labels = data.length / texts.length
    return texts.map((_, lane) => data.slice(lane * labels, (lane + 1) * labels))
  }

  release (): Promise<void> {
    return this.#session.release()
  }

  /** Every lane of every number of lanes must give what a text alone gives, to the bit. */
  async #verify (probes: readonly [Ids, Ids]): Promise<void> {
    const alone = [(await this.run([probes[0]])).join(), (await this.run([probes[1]])).join()]
    for (const count of LANE_COUNTS.slice(1)) {
      const order = Array.from({ length: count }, (_, lane) => lane % 2)
      const together = await this.run(order.map((index) => probes[index] as Ids))
      const wrong = together.some((logits, lane) => logits.join() !== alone[order[lane] as number])
      if (wrong) throw new Error(`with ${count} lanes it gives other numbers than with one`)
    }
  }

  #feed (feeds: Record<string, Tensor>, lane: number, ids: Ids): void {
    for (const [name, tensor] of Object.entries(buildFeeds(ids, this.#inputs))) feeds[laneInput(name, lane)] = tensor
  }
}

/** A file of `size` bytes, and behind it the room for lanes. */
interface Weights {
  memory: Uint8Array<ArrayBuffer>
  size: number
}

async function readWithRoom (path: string): Promise<Weights> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const room = size + LANES_ROOM
    const memory = new Uint8Array(new ArrayBuffer(room, { maxByteLength: room }))
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
