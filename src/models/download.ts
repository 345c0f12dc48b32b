import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DamagedModelError, HubUnreachableError, type ModelSubject } from './errors.ts'
import { isMissing, obviousDamage, readSize } from './files.ts'
import { requestFile, type HubOptions, type HubResponse } from './hub-request.ts'
import { moveIntoPlace, hashFile, type ManifestEntry } from './manifest.ts'
import { TransientError, withRetry, type RetryOptions } from './retry.ts'

export interface DownloadOptions {
  hub: HubOptions
  retry: RetryOptions
  subject: Required<ModelSubject>
  /** The model's directory; the file is stored as `directory/subject.file`. */
  directory: string
  signal: AbortSignal
  /** Bytes of this file that are on disk, and of the whole file if announced. */
  onProgress: (receivedBytes: number, totalBytes: number | undefined) => void
}

const SHA256 = /^[0-9a-f]{64}$/

/** Bounds for files whose size the hub does not announce, in bytes: JSON is read into memory as a whole. */
const MAX_JSON_BYTES = 64 * 1024 ** 2
const MAX_WEIGHTS_BYTES = 32 * 1024 ** 3

/**
 * Downloads one file: under a temporary name, resumed where an earlier attempt (of this or another process) was cut, its size
 * and hash checked, then renamed into place. The caller holds the directory's lock.
 * @throws {HubUnreachableError} when the retries are exhausted; {DamagedModelError} when the content is wrong twice; the file
 * system's error if the file cannot be written
 */
export async function downloadFile (options: DownloadOptions): Promise<ManifestEntry> {
  const { hub, retry, subject, signal } = options
  const part = new PartialFile(join(options.directory, subject.file))
  await mkdir(dirname(part.target), { recursive: true })
  for (let wrong = 0; ; wrong++) {
    let received = 0
    // Progress means beyond the furthest byte of any attempt: a hub that closes early and cannot resume would be retried forever.
    let furthest = await part.size()
    let answer: HubResponse
    try {
      answer = await withRetry(retry, signal, async () => {
        received = 0
        return await fetchInto(part, options, (bytes) => { received = bytes })
      }, () => {
        const progress = received > furthest
        furthest = Math.max(furthest, received)
        return progress
      })
    } catch (error) {
      if (!(error instanceof TransientError) || signal.aborted) throw error
      throw new HubUnreachableError(subject, new URL(hub.endpoint).origin, error.message, { cause: error })
    }
    const checked = await check(part, subject.file, answer, signal)
    if (typeof checked !== 'string') {
      await part.finish()
      return checked
    }
    await part.discard()
    if (wrong === 1) throw new DamagedModelError(subject, checked)
  }
}

/** An incomplete download: `.NAME.part` beside its target, and `.NAME.part.etag`, which identifies the whole content. */
class PartialFile {
  readonly target: string
  readonly path: string
  readonly #etagPath: string

  constructor (target: string) {
    this.target = target
    this.path = join(dirname(target), `.${basename(target)}.part`)
    this.#etagPath = `${this.path}.etag`
  }

  async size (): Promise<number> {
    return await readSize(this.path) ?? 0
  }

  async etag (): Promise<string | undefined> {
    try {
      return await readFile(this.#etagPath, 'utf8')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async remember (etag: string | undefined): Promise<void> {
    if (etag === undefined) await rm(this.#etagPath, { force: true })
    else await writeFile(this.#etagPath, etag)
  }

  async discard (): Promise<void> {
    await Promise.all([rm(this.path, { force: true }), rm(this.#etagPath, { force: true })])
  }

  async finish (): Promise<void> {
    await moveIntoPlace(this.path, this.target)
    await rm(this.#etagPath, { force: true })
  }
}

/** One attempt: continues the part, or starts again if the part belongs to another content. */
async function fetchInto (part: PartialFile, options: DownloadOptions, onBytes: (bytes: number) => void): Promise<HubResponse> {
  const { hub, subject, signal } = options
  const known = await part.etag()
  const wanted = known === undefined ? 0 : await part.size()
  const stalled = new AbortController()
  const stop = AbortSignal.any([signal, stalled.signal])
  const timer = setTimeout(() => stalled.abort(new TransientError(`no byte for ${hub.stallMs} ms`)), hub.stallMs)
  try {
    const answer = await requestFile(hub, subject, wanted, stop)
    if (answer.offset > 0 && (answer.offset !== wanted || answer.etag !== known)) {
      await answer.body?.cancel()
      await part.discard()
      throw new TransientError('the file changed on the hub since its download began')
    }
    await part.remember(answer.etag)
    const handle = await open(part.path, answer.offset > 0 ? 'a' : 'w')
    const limit = answer.size ?? (subject.file.endsWith('.json') ? MAX_JSON_BYTES : MAX_WEIGHTS_BYTES)
    let bytes = answer.offset
    try {
      for await (const chunk of answer.body ?? []) {
        timer.refresh()
        // Writes the whole chunk, unlike `write`: on a full disk a short write would look like a damaged download.
        await handle.appendFile(chunk)
        bytes += chunk.byteLength
        onBytes(bytes)
        options.onProgress(bytes, answer.size)
        if (bytes > limit) break
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (answer.size !== undefined && bytes < answer.size) throw new TransientError('the connection was closed early')
    return answer
  } catch (error) {
    throw signal.aborted || error instanceof TransientError || !isNetwork(error) ? error : asTransient(error, stalled.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Undici reports a connection that ends in mid-body as `TypeError: terminated`. */
function isNetwork (error: unknown): boolean {
  return error instanceof TypeError || (error as Error).name === 'AbortError'
}

function asTransient (error: unknown, stalled: AbortSignal): Error {
  if (stalled.aborted) return stalled.reason as Error
  return new TransientError(((error as Error).cause as Error | undefined)?.message ?? (error as Error).message, undefined, { cause: error })
}

/** The entry for the manifest, or what is wrong with the content. */
async function check (part: PartialFile, file: string, { size, etag, commit }: HubResponse, signal: AbortSignal): Promise<ManifestEntry | string> {
  const bytes = await part.size()
  if (size !== undefined && bytes > size) return `more than the ${size} announced bytes`
  if (size !== undefined && bytes !== size) return `${bytes} bytes instead of ${size}`
  if (size === undefined && file.endsWith('.json') && bytes > MAX_JSON_BYTES) return `more than ${MAX_JSON_BYTES} bytes`
  const sha256 = await hashFile(part.path, signal)
  if (etag !== undefined && SHA256.test(etag) && etag !== sha256) return 'its hash is not the one that the hub announced'
  const damage = await obviousDamage(part.path, file)
  if (damage !== undefined) return damage
  return { bytes, sha256, ...(etag !== undefined && { etag }), ...(commit !== undefined && { commit }) }
}
