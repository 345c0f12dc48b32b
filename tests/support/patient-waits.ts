import { vi } from 'vitest'

/*
 * Loaded before every test file: `vi.waitFor` gives up after a second by default, which is too short on a busy machine, and
 * Vitest has no setting for it.
 */

const PATIENT = { timeout: 60_000, interval: 20 }

const { waitFor } = vi
vi.waitFor = (callback, options) => waitFor(callback, { ...PATIENT, ...(typeof options === 'number' ? { timeout: options } : options) })
