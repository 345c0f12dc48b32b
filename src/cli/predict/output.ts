import { createHash, type Hash } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import lockfile from 'proper-lockfile'
import { isMissing } from '../../models/files.ts'
import { moveIntoPlace } from '../../models/manifest.ts'
import { InputError } from './input.ts'
import type { Row } from './rows.ts'
import { UsageError } from './options.ts'

/** Rows that are written, and compressed, together. Every run cuts at the same rows, so that the bytes come out the same. */
const BLOCK_ROWS = 256
/** Milliseconds between two records of how far the run is. */
const CHECKPOINT_MS = 1000
/** A lock that was not refreshed for so long is of a run that was killed; in milliseconds. */
const STALE_MS = 4000

/** What a run that was stopped leaves behind, beside the rows themselves. */
interface State {
  version: 1
  /** Everything that the bytes depend on: model, labels, options. */
  identity: string
  rows: number
  bytes: number
  errors: number
  /** SHA-256 over the rows of the input that are done. */
  input: string
}

/** Where rows go: standard output, or a file that gets its name when it is complete. */
export interface Output {
  /** Rows that an earlier run has done, and those of them that had an error. */
  readonly done: number
  readonly errors: number
  /** A row of the input that an earlier run has done. */
  skip: (row: Row) => void
  add: (row: Row, text: string, failed: boolean) => Promise<void>
  /** `tail` is written where there were no rows: the head of an empty table. */
  finish: (tail: string) => Promise<void>
  /** Keeps what is done for a later run. */
  stop: () => Promise<void>
}

/** Writes to `path` by way of `path.partial`, and goes on with what is there. Gzipped where `path` ends in .gz. */
export class FileOutput implements Output {
  readonly #path: string
  readonly #identity: string
  readonly #hash: Hash = createHash('sha256')
  readonly #lock: Held
  readonly #file: FileHandle
  readonly #resumed: State | undefined
  #block: string[] = []
  #blockRows = 0
  #state: State
  #skipped = 0
  #checkpointAt = performance.now() + CHECKPOINT_MS

  private constructor (path: string, identity: string, resumed: State | undefined, file: FileHandle, held: Held) {
    this.#path = path
    this.#identity = identity
    this.#resumed = resumed
    this.#file = file
    this.#lock = held
    this.#state = resumed ?? { version: 1, identity, rows: 0, bytes: 0, errors: 0, input: '' }
  }

  /** @throws {UsageError} where the output is there already, another run writes it, or one of another kind left off */
  static async open (path: string, identity: string, restart: boolean, onLost: () => void): Promise<FileOutput> {
    const held = await lock(path, onLost)
    const { release } = held
    try {
      if (!restart && await exists(path)) throw new UsageError(`${path} is there already: --restart replaces it, --out writes elsewhere`)
      const state = restart ? undefined : await readState(path)
      if (state !== undefined && state.identity !== identity) {
        throw new UsageError(`${path}.partial was begun with ${state.identity}, and this is ${identity}: give the same, or begin anew with --restart`)
      }
      const file = await open(`${path}.partial`, state === undefined ? 'w' : 'r+')
      // What was written after the last record of the state may be torn.
      await file.truncate(state?.bytes ?? 0)
      return new FileOutput(path, identity, state, file, held)
    } catch (error) {
      await release()
      throw error
    }
  }

  get done (): number {
    return this.#resumed?.rows ?? 0
  }

  get errors (): number {
    return this.#resumed?.errors ?? 0
  }

  skip (row: Row): void {
    this.#digest(row)
    if (++this.#skipped === this.done && this.#hash.copy().digest('hex') !== this.#resumed?.input) {
      throw new InputError(`The first ${this.done} rows of the input are not those that ${this.#path}.partial was made from: begin anew with --restart`)
    }
  }

  async add (row: Row, text: string, failed: boolean): Promise<void> {
    this.#digest(row)
    this.#block.push(text)
    if (failed) this.#state.errors++
    if (++this.#blockRows < BLOCK_ROWS) return
    await this.#flush()
    if (performance.now() < this.#checkpointAt) return
    await this.#checkpoint()
    this.#checkpointAt = performance.now() + CHECKPOINT_MS
  }

  async finish (tail: string): Promise<void> {
    if (tail !== '') this.#block.push(tail)
    if (this.#skipped < this.done) throw new InputError(`The input has fewer rows than ${this.#path}.partial: begin anew with --restart`)
    if (this.#block.length > 0) await this.#flush()
    await this.#file.sync()
    await this.#file.close()
    await moveIntoPlace(`${this.#path}.partial`, this.#path)
    await rm(stateFile(this.#path), { force: true })
    await this.#lock.release()
  }

  async stop (): Promise<void> {
    // A block that is not full would make the bytes differ: its rows are scored again.
    if (this.#skipped >= this.done && !this.#lock.lost) await this.#checkpoint()
    await this.#file.close()
    if (this.#lock.lost) return
    if (this.#saved === undefined && this.done === 0) await rm(`${this.#path}.partial`, { force: true })
    await this.#lock.release()
  }

  #digest ({ source }: Row): void {
    this.#hash.update(JSON.stringify(source))
  }

  async #flush (): Promise<void> {
    const text = this.#block.join('')
    const bytes = this.#path.endsWith('.gz') ? gzipSync(text) : Buffer.from(text)
    await this.#file.write(bytes, 0, bytes.length, this.#state.bytes)
    this.#state = { ...this.#state, rows: this.#state.rows + this.#blockRows, bytes: this.#state.bytes + bytes.length, input: this.#hash.copy().digest('hex') }
    this.#saved = { ...this.#state }
    this.#block = []
    this.#blockRows = 0
  }

  /** The state as of the last whole block. */
  #saved: State | undefined

  async #checkpoint (): Promise<void> {
    if (this.#saved === undefined) return
    await this.#file.datasync()
    const temporary = `${stateFile(this.#path)}.new`
    await writeFile(temporary, JSON.stringify({ ...this.#saved, identity: this.#identity }))
    await rename(temporary, stateFile(this.#path))
  }
}

const stateFile = (path: string): string => `${path}.partial.json`

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, (error: unknown) => {
    if (isMissing(error)) return false
    throw error
  })
}

async function readState (path: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(stateFile(path), 'utf8')) as State
    const { size } = await stat(`${path}.partial`)
    return state.version === 1 && size >= state.bytes ? state : undefined
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

interface Held {
  /** True once another run has taken the output over: this one was suspended for long. */
  lost: boolean
  release: () => Promise<void>
}

/** The lock of a run that was killed is taken over once it is stale. */
async function lock (path: string, onLost: () => void): Promise<Held> {
  const held: Held = { lost: false, release: () => Promise.resolve() }
  try {
    held.release = await lockfile.lock(path, {
      realpath: false,
      stale: STALE_MS,
      update: STALE_MS / 4,
      onCompromised: () => {
        held.lost = true
        onLost()
      },
      retries: { retries: Math.ceil(STALE_MS / 250) + 4, minTimeout: 250, factor: 1 }
    })
    return held
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOCKED') throw new UsageError(`Another run is writing ${path}`)
    throw new InputError(`${path} cannot be written (${code ?? (error as Error).message})`)
  }
}
