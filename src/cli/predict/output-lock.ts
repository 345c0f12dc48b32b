import lockfile from 'proper-lockfile'
import { toFileError, UsageError } from './errors.ts'

/** Milliseconds without a refresh after which a lock is taken to belong to a killed run. */
const STALE_MS = 4000

export interface OutputLock {
  /** True once another run has taken the output over, because this one was suspended for long. */
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
