import { setTimeout as delay } from 'node:timers/promises'
import lockfile from 'proper-lockfile'

/** A holder that has not refreshed its lock for this long has crashed; in milliseconds. */
const STALE_MS = 10_000
const POLL_MS = 250

/**
 * Runs `work` while no other process that shares the directory does. Waits for the holder as long as it lives; the
 * lock of one that crashed is taken over. `work`'s signal also aborts if the lock is lost.
 */
export async function withLock<T> (directory: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const release = await acquire(directory, signal, (error) => lost.abort(error))
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    // A lock that was lost is somebody else's: there is nothing to release.
    if (!lost.signal.aborted) await release()
  }
}

async function acquire (directory: string, signal: AbortSignal, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await lockfile.lock(directory, { stale: STALE_MS, realpath: false, onCompromised })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    await delay(POLL_MS, undefined, { signal })
  }
}
