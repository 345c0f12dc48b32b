import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { lstat, rm, type FileHandle } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { isMissing } from '../../models/files.ts'
import { moveIntoPlace } from '../../models/manifest.ts'
import { printableRows } from '../terminal.ts'
import { lockOutput, openPartial, readCheckpoint, writeCheckpoint, type Checkpoint, type OutputLock } from './checkpoint.ts'
import { FileError, toFileError, UsageError } from './errors.ts'
import type { Row } from './rows.ts'

/** A block is written, and compressed, at once. Every run ends its blocks at the same rows, so that the bytes are the same. */
export const BLOCK_ROWS = 256
/** Characters after which a block ends before it has all its rows. */
const BLOCK_LENGTH = 4 * 1024 * 1024
/** Milliseconds between two checkpoints. */
const CHECKPOINT_MS = 1000

/** The destination of the rows: standard output, or a file that gets its name when it is complete. */
export interface Output {
  /** Rows that an earlier run wrote, and the number of them with an error. */
  readonly done: number
  readonly errors: number
  /** Checks a row that an earlier run wrote. */
  skip: (row: Row) => void
  add: (row: Row, text: string, failed: boolean) => Promise<void>
  /** Completes the output. `tail` is the head of a table without rows. */
  finish: (tail: string) => Promise<void>
  /** Keeps the complete rows for a later run. */
  stop: () => Promise<void>
}

/** Rows to standard output, at the speed of their reader. Such a run cannot be resumed. */
export class StandardOutput implements Output {
  readonly done = 0
  readonly errors = 0

  skip (): void {}

  async add (_row: Row, text: string): Promise<void> {
    if (!process.stdout.write(process.stdout.isTTY ? printableRows(text) : text)) await once(process.stdout, 'drain')
  }

  async finish (tail: string): Promise<void> {
    if (tail !== '') await new Promise((resolve) => { process.stdout.write(tail, resolve) })
  }

  async stop (): Promise<void> {}
}

export interface FileOutputOptions {
  /** A path that ends in .gz is compressed. */
  path: string
  /** Everything that the bytes depend on besides the input: only a run with the same value resumes. */
  identity: string
  /** Start over, and replace an existing output. */
  restart: boolean
  /** Called when another run has taken the output over. */
  onLost: () => void
}

/** Writes `path` by way of `path.partial`, and resumes what is there. */
export class FileOutput implements Output {
  readonly #path: string
  readonly #hash: Hash = createHash('sha256')
  readonly #lock: OutputLock
  readonly #file: FileHandle
  readonly #resumed: Checkpoint | undefined
  #block: string[] = []
  #blockRows = 0
  #blockLength = 0
  /** The state after the last complete block. */
  #state: Checkpoint
  /** The state before that block. */
  #previous: Checkpoint | undefined
  /** Whether a checkpoint is on disk. */
  #saved: boolean
  #blockErrors = 0
  #skipped = 0
  #checkpointAt = performance.now() + CHECKPOINT_MS

  private constructor ({ path, identity }: FileOutputOptions, resumed: Checkpoint | undefined, file: FileHandle, lock: OutputLock) {
    this.#path = path
    this.#resumed = resumed
    this.#saved = resumed !== undefined
    this.#file = file
    this.#lock = lock
    this.#state = resumed ?? { version: 2, identity, rows: 0, bytes: 0, errors: 0, input: '' }
  }

  /**
   * @throws {UsageError} if the output exists, another run is writing it, or a run with another identity was stopped
   * @throws {FileError} if the file cannot be created
   */
  static async open (options: FileOutputOptions): Promise<FileOutput> {
    const { path, identity, restart, onLost } = options
    try {
      await checkTarget(path, restart)
      const lock = await lockOutput(path, onLost)
      try {
        await checkTarget(path, restart)
        const checkpoint = restart ? undefined : await readCheckpoint(`${path}.partial.json`)
        if (checkpoint !== undefined && checkpoint.identity !== identity) {
          throw new UsageError(`${path}.partial was written with ${checkpoint.identity}, and this run has ${identity}; use the same, or start over with --restart`)
        }
        return await openPartial(path, checkpoint).then(({ file, resumed }) => new FileOutput(options, resumed, file, lock))
      } catch (error) {
        await lock.release()
        throw error
      }
    } catch (error) {
      throw toFileError(error, 'write', path)
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
    if (++this.#skipped === this.done && this.#digestSoFar() !== this.#resumed?.input) {
      throw new FileError(`The first ${this.done} rows of the input differ from those in ${this.#path}.partial; start over with --restart`)
    }
  }

  async add (row: Row, text: string, failed: boolean): Promise<void> {
    this.#digest(row)
    this.#block.push(text)
    this.#blockLength += text.length
    if (failed) this.#blockErrors++
    if (++this.#blockRows < BLOCK_ROWS && this.#blockLength < BLOCK_LENGTH) return
    await this.#writing(async () => {
      await this.#flush()
      if (performance.now() < this.#checkpointAt) return
      await this.#checkpoint()
      this.#checkpointAt = performance.now() + CHECKPOINT_MS
    })
  }

  async finish (tail: string): Promise<void> {
    if (tail !== '') this.#block.push(tail)
    if (this.#skipped < this.done) throw new FileError(`The input has fewer rows than ${this.#path}.partial; start over with --restart`)
    await this.#writing(async () => {
      if (this.#block.length > 0) await this.#flush()
      await this.#file.sync()
      await this.#file.close()
      await moveIntoPlace(`${this.#path}.partial`, this.#path)
      await rm(`${this.#path}.partial.json`, { force: true })
    })
    await this.#lock.release()
  }

  async stop (): Promise<void> {
    await this.#writing(async () => {
      try {
        // A block that is not full would make the bytes differ: its rows are scored again.
        if (this.#skipped >= this.done && !this.#lock.lost) await this.#keep()
      } finally {
        await this.#file.close()
        if (!this.#lock.lost) {
          if (this.#state.rows === 0) await rm(`${this.#path}.partial`, { force: true })
          await this.#lock.release()
        }
      }
    })
  }

  /** Keeps all complete blocks. Drops the last one if a full disk would otherwise have no space for the first checkpoint. */
  async #keep (): Promise<void> {
    await this.#file.truncate(this.#state.bytes)
    if (this.#state.rows === 0) return
    try {
      await this.#checkpoint()
    } catch (error) {
      if (this.#saved || this.#previous === undefined) throw error
      this.#state = this.#previous
      this.#previous = undefined
      await this.#keep()
    }
  }

  #digest ({ raw }: Row): void {
    this.#hash.update(JSON.stringify(raw))
  }

  #digestSoFar (): string {
    return this.#hash.copy().digest('hex')
  }

  async #flush (): Promise<void> {
    const text = this.#block.join('')
    const bytes = this.#path.endsWith('.gz') ? gzipSync(text) : Buffer.from(text)
    const { rows, bytes: position, errors } = this.#state
    // On a nearly full disk a write may be partial; the next one then fails.
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written, bytes.length - written, position + written)).bytesWritten
    }
    this.#previous = this.#state
    this.#state = { ...this.#state, rows: rows + this.#blockRows, bytes: position + bytes.length, errors: errors + this.#blockErrors, input: this.#digestSoFar() }
    this.#block = []
    this.#blockRows = 0
    this.#blockLength = 0
    this.#blockErrors = 0
  }

  async #checkpoint (): Promise<void> {
    await this.#file.datasync()
    await writeCheckpoint(`${this.#path}.partial.json`, this.#state)
    this.#saved = true
  }

  async #writing (action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      throw toFileError(error, 'write', this.#path)
    }
  }
}

async function checkTarget (path: string, restart: boolean): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (stats === undefined) return
  if (!stats.isFile() && !stats.isSymbolicLink()) throw new UsageError(`${path} is not a regular file; use --out - for standard output`)
  if (!restart) throw new UsageError(`${path} already exists; --restart replaces it, --out writes elsewhere`)
}
