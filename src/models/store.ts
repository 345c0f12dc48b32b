import { mkdir, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Logger } from '../logger.ts'
import type { ModelSpec } from './catalog.ts'
import { downloadFile } from './download.ts'
import { DamagedModelError, describeStorageError, ModelNotFoundError } from './errors.ts'
import { revisionDirectory } from './files.ts'
import type { HubOptions } from './hub-request.ts'
import { hasRequiredFiles, inspectModel, modelFiles, type FileCheck, type Inspection } from './integrity.ts'
import { writeManifest } from './manifest.ts'
import { logProgress, type DownloadProgress } from './progress.ts'
import { createProxyFetch } from './hub-request.ts'
import { DEFAULT_RETRY, type RetryOptions } from './retry.ts'
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

export type { FileCheck } from './integrity.ts'

/** A model whose files are complete on disk and were verified. */
export interface LocalModel {
  spec: ModelSpec
  /** Absolute folder that holds config.json, the tokenizer and `onnx/`. */
  directory: string
  /** SHA-256 over the names and hashes of the model's files, lower-case hex: changes with any byte of any file. */
  digest: string
}

export interface ModelStoreOptions {
  /** Folder of downloaded models (MODEL_DIR). */
  directory: string
  embeddedDirectory: string
  endpoint: string
  token?: string
  logger: Logger
  onProgress?: ((progress: DownloadProgress) => void) | undefined
  stallMs?: number
  retry?: Partial<RetryOptions>
}

const STALL_MS = 30_000
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const NEVER = new AbortController().signal

/** Finds models on disk and downloads missing ones, once for all processes that share the folder. */
export class ModelStore {
  readonly #options: ModelStoreOptions
  readonly #hub: HubOptions

  constructor (options: ModelStoreOptions) {
    this.#options = options
    const { endpoint, token, stallMs = STALL_MS } = options
    this.#hub = { endpoint, stallMs, fetch: createProxyFetch(), ...(token !== undefined && { token }) }
  }

  /**
   * The model, if it is complete on disk, downloaded or copied there by hand, and every file has the hash recorded at its
   * download. Makes no network request.
   * @throws {ModelStorageError} if the folder cannot be read
   */
  async find (spec: ModelSpec): Promise<LocalModel | undefined> {
    return await this.#guardStorage(spec, async () => {
      for (const directory of this.#candidates(spec)) {
        if (!await hasRequiredFiles(directory, spec.dtype)) continue
        const { digest, files } = await inspectModel(directory, spec.dtype)
        if (digest !== undefined) return { spec, directory, digest }
        const reason = files.filter(({ status }) => status !== 'ok').map(({ file, status, reason = status }) => `${file}: ${reason}`).join(', ')
        this.#options.logger.warn({ model: spec.name, directory, reason }, 'Model files are damaged')
      }
      return undefined
    })
  }

  /** The model, downloaded if necessary. Rejects with a ModelError, or with `signal.reason`. */
  async ensure (spec: ModelSpec, signal: AbortSignal = NEVER): Promise<LocalModel> {
    const found = await this.find(spec)
    if (found !== undefined) return found
    const directory = this.#candidates(spec)[0] as string
    if (spec.embedded) throw new DamagedModelError(spec, `incomplete in ${directory}`)
    return await this.#guardStorage(spec, async () => {
      await mkdir(directory, { recursive: true })
      return await withLock(directory, signal, async (locked) => {
        // Another process may have downloaded it while this one waited for the lock.
        const { digest = await this.#download(spec, directory, locked) } = await inspectModel(directory, spec.dtype)
        return { spec, directory, digest }
      })
    })
  }

  /** Reads every file of the model and compares it with its recorded hash. */
  async verify (spec: ModelSpec): Promise<FileCheck[]> {
    return await this.#guardStorage(spec, async () => {
      let first: Inspection | undefined
      for (const directory of this.#candidates(spec)) {
        const inspection = await inspectModel(directory, spec.dtype)
        if (inspection.digest !== undefined) return inspection.files
        first ??= inspection
      }
      return first?.files ?? []
    })
  }

  /** Folders that may hold the model, the download's target first. transformers.js' own layout has no revision. */
  #candidates ({ embedded, repo, revision }: ModelSpec): string[] {
    if (embedded) return [resolve(this.#options.embeddedDirectory)]
    const root = resolve(this.#options.directory, repo)
    return [join(root, revisionDirectory(revision)), ...(revision === 'main' ? [root] : [])]
  }

  /** Downloads the files that are missing or damaged; returns the model's digest. */
  async #download (spec: ModelSpec, directory: string, signal: AbortSignal): Promise<string> {
    const { logger, onProgress = logProgress(logger), retry } = this.#options
    const { name: model, repo, revision } = spec
    const { protocol, hostname, origin } = new URL(this.#hub.endpoint)
    logger.info({ model, repo, revision, from: origin }, 'Downloading model')
    if (this.#hub.token !== undefined && protocol === 'http:' && !LOOPBACK.test(hostname)) {
      logger.warn({ from: origin }, 'HF_TOKEN is sent unencrypted: HF_ENDPOINT is not https. Anybody on the network path can read the token')
    }
    const before = await inspectModel(directory, spec.dtype)
    const manifest = before.manifest ?? { version: 1 as const, repo, revision, files: {} }
    for (const { file, required } of modelFiles(spec.dtype)) {
      const status = before.files.find((check) => check.file === file)?.status
      if (status === 'ok') continue
      if (status === 'damaged' && manifest.files[file] !== undefined) await this.#setAside(join(directory, file))
      try {
        manifest.files[file] = await downloadFile({
          hub: this.#hub,
          retry: {
            ...DEFAULT_RETRY,
            onRetry: ({ message: reason }, waitMs) => logger.warn({ file, reason, retryInMs: Math.round(waitMs) }, 'Download interrupted'),
            ...retry
          },
          directory,
          signal,
          subject: { repo, revision, file },
          onProgress: (receivedBytes, totalBytes) => onProgress({ repo, file, receivedBytes, totalBytes })
        })
      } catch (error) {
        if (error instanceof ModelNotFoundError && !required) continue
        throw error
      }
      await writeManifest(directory, manifest)
    }
    const { digest } = await inspectModel(directory, spec.dtype)
    if (digest === undefined) throw new DamagedModelError(spec, `its files in ${directory} changed during the download`)
    logger.info({ model, directory }, 'Model downloaded')
    return digest
  }

  /** Keeps a file whose hash is wrong: somebody may have edited it on purpose. */
  async #setAside (path: string): Promise<void> {
    await rename(path, `${path}.damaged`)
    this.#options.logger.warn({ path: `${path}.damaged` }, 'Damaged model file renamed')
  }

  async #guardStorage<T> (spec: ModelSpec, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw describeStorageError(error, spec, spec.embedded ? this.#options.embeddedDirectory : this.#options.directory)
    }
  }
}
