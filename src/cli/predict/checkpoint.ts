import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { isMissing } from '../../models/files.ts'
import lockfile from 'proper-lockfile'
import { toFileError, UsageError } from './errors.ts'

/** Milliseconds without a refresh after which a lock is taken to belong to a killed run. */
const STALE_MS = 4000

export interface OutputLock {
  /** True once another run has taken over the output, because this one was suspended for long. */
  readonly lost: boolean
  release: () => Promise<void>
}

/**
 * Locks an output against other runs. The lock of a killed run is taken over once it is stale.
 * @param onLost called when another run has taken the lock over
 * @throws {UsageError} if another run holds the lock
 */
export async function lockOutput (path: string, onLost: () => void): Promise<OutputLock> {
  let lost = false
  try {
    const release = await lockfile.lock(path, {
      realpath: false,
      stale: STALE_MS,
      update: STALE_MS / 4,
      onCompromised: () => {
        lost = true
        onLost()
      },
      retries: { retries: Math.ceil(STALE_MS / 250) + 4, minTimeout: 250, factor: 1 }
    })
    return { get lost () { return lost }, release }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') throw new UsageError(`Another run is writing ${path}`)
    throw toFileError(error, 'write', path)
  }
}

const Checkpoint = Type.Object({
  version: Type.Literal(2),
  /** Everything that the output's bytes depend on besides the input: model, labels, options. */
  identity: Type.String(),
  rows: Type.Integer({ minimum: 0 }),
  /** Bytes of the output that are complete. */
  bytes: Type.Integer({ minimum: 0 }),
  errors: Type.Integer({ minimum: 0 }),
  /** SHA-256 of the input's rows that are done. */
  input: Type.String()
})
/** What a stopped run stores beside its rows, as `….partial.json`. */
export type Checkpoint = Static<typeof Checkpoint>

const validator = Compile(Checkpoint)

/** Other users may write to the same folder: a link under the expected name is never followed. Windows lacks the flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
export const CREATE_NEW = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW
export const OPEN_EXISTING = constants.O_RDWR | NO_FOLLOW

/** The checkpoint at `path`, or undefined if there is none or it is damaged. */
export async function readCheckpoint (path: string): Promise<Checkpoint | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | NO_FOLLOW)
    try {
      const value: unknown = JSON.parse(await file.readFile('utf8'))
      return validator.Check(value) ? value : undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Replaces the checkpoint at `path`: a failure leaves the previous one. */
export async function writeCheckpoint (path: string, checkpoint: Checkpoint): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, CREATE_NEW)
  try {
    await file.writeFile(JSON.stringify(checkpoint))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

/** Opens `path.partial`, cut to what the checkpoint covers; a new file if there is no checkpoint or rows are missing. */
export async function openPartial (path: string, checkpoint: Checkpoint | undefined): Promise<{ file: FileHandle, resumed: Checkpoint | undefined }> {
  const partial = `${path}.partial`
  if (checkpoint !== undefined) {
    const file = await open(partial, OPEN_EXISTING).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    const stats = await file?.stat()
    if (file !== undefined && stats?.isFile() === true && stats.size >= checkpoint.bytes) {
      // What was written after the checkpoint may be incomplete.
      await file.truncate(checkpoint.bytes)
      return { file, resumed: checkpoint }
    }
    await file?.close()
  }
  await rm(`${partial}.json`, { force: true })
  await rm(partial, { force: true })
  return { file: await open(partial, CREATE_NEW), resumed: undefined }
}
