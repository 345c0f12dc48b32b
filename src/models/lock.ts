import { setTimeout as delay } from 'node:timers/promises'
import lockfile from 'proper-lockfile'

/** Milliseconds after which a holder that has not refreshed its lock counts as crashed. */
const STALE_MS = 10_000
const POLL_MS = 250

/**
 * Runs `work` while no other process that shares the directory does. Waits as long as the holder lives; the lock of a crashed
 * holder is replaced. The signal that `work` receives also aborts if the lock is lost.
 */
export async function withLock<T> (directory: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const release = await acquire(directory, signal, (error) => lost.abort(error))
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    // A lost lock belongs to another process.
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
