import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Logger } from '../logger.ts'
import type { ModelSpec } from './catalog.ts'
import { downloadFile } from './download.ts'
import { DamagedModelError, ModelNotFoundError } from './errors.ts'
import { obviousDamage, optionalFiles, requiredFiles, revisionDirectory, readSize } from './files.ts'
import type { HubOptions } from './hub-request.ts'
import { withLock } from './lock.ts'
import { readManifest, hashFile, writeManifest, type ManifestEntry } from './manifest.ts'
import { logProgress, type DownloadProgress } from './progress.ts'
import { DEFAULT_RETRY, type RetryOptions } from './retry.ts'

export interface LocalModel {
  spec: ModelSpec
  /** Absolute folder that holds config.json, the tokenizer and `onnx/`. */
  directory: string
}

export interface FileCheck {
  file: string
  bytes: number | undefined
  status: 'ok' | 'missing' | 'damaged'
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
  retry?: RetryOptions
}

const STALL_MS = 30_000
const NEVER = new AbortController().signal

/** Finds models on disk and brings those that are missing, once for all processes that share the folder. */
export class ModelStore {
  readonly #options: ModelStoreOptions
  readonly #hub: HubOptions

  constructor (options: ModelStoreOptions) {
    this.#options = options
    const { endpoint, token, stallMs = STALL_MS } = options
    this.#hub = { endpoint, stallMs, ...(token !== undefined && { token }) }
  }

  /** The model, if it is complete on disk: as downloaded, or put there by hand. Never asks the network. */
  async find (spec: ModelSpec): Promise<LocalModel | undefined> {
    for (const directory of this.#candidates(spec)) {
      if (await isComplete(directory, spec)) return { spec, directory }
    }
    return undefined
  }

  /** The model, downloaded if it is not there. Rejects with a ModelError, or with `signal.reason`. */
  async ensure (spec: ModelSpec, signal: AbortSignal = NEVER): Promise<LocalModel> {
    const found = await this.find(spec)
    if (found !== undefined) return found
    const directory = this.#candidates(spec)[0] as string
    if (spec.embedded) throw new DamagedModelError({ repo: spec.repo, revision: spec.revision }, `incomplete in ${directory}`)
    await mkdir(directory, { recursive: true })
    return await withLock(directory, signal, async (locked) => {
      // Another process may have brought it while this one waited.
      const meanwhile = await this.find(spec)
      if (meanwhile !== undefined) return meanwhile
      await this.#download(spec, directory, locked)
      return { spec, directory }
    })
  }

  /**
   * After a model did not load: what differs from its manifest is deleted and fetched again; files that no manifest
   * knows are moved aside as NAME.damaged, not deleted. Rejects with DamagedModelError where everything is as published.
   */
  async repair (spec: ModelSpec, signal: AbortSignal = NEVER): Promise<LocalModel> {
    const { directory } = await this.find(spec) ?? { directory: this.#candidates(spec)[0] as string }
    await withLock(directory, signal, async () => {
      const manifest = await readManifest(directory)
      const damaged = (await this.verify(spec)).filter(({ status }) => status === 'damaged')
      const unknown = requiredFiles(spec.dtype).filter((file) => manifest?.files[file] === undefined)
      if (damaged.length === 0 && unknown.length === 0) {
        throw new DamagedModelError({ repo: spec.repo, revision: spec.revision }, 'it does not load although its files are as published')
      }
      for (const { file } of damaged) await rm(join(directory, file), { force: true })
      for (const file of unknown) {
        const path = join(directory, file)
        if (await readSize(path) !== undefined) await rename(path, `${path}.damaged`)
      }
      this.#options.logger.warn({ model: spec.name, files: [...damaged.map(({ file }) => file), ...unknown] }, 'Damaged model files removed')
    })
    return await this.ensure(spec, signal)
  }

  /** Reads every file of the model again and compares it with its manifest, or for what is plain without one. */
  async verify (spec: ModelSpec): Promise<FileCheck[]> {
    const { directory } = await this.find(spec) ?? { directory: this.#candidates(spec)[0] as string }
    const known = (await readManifest(directory))?.files ?? {}
    const files = new Set([...requiredFiles(spec.dtype), ...optionalFiles(spec.dtype).filter((file) => file in known)])
    return await Promise.all([...files].map(async (file) => {
      const path = join(directory, file)
      const bytes = await readSize(path)
      const entry = known[file]
      if (bytes === undefined) return { file, bytes, status: 'missing' as const }
      const good = entry === undefined ? await obviousDamage(path, file) === undefined : await hashFile(path) === entry.sha256
      return { file, bytes, status: good ? 'ok' as const : 'damaged' as const }
    }))
  }

  /** Folders that the model can be in, the one it is downloaded to first. transformers.js' own layout has no revision. */
  #candidates ({ embedded, repo, revision }: ModelSpec): string[] {
    if (embedded) return [resolve(this.#options.embeddedDirectory)]
    const root = resolve(this.#options.directory, repo)
    return [join(root, revisionDirectory(revision)), ...(revision === 'main' ? [root] : [])]
  }

  async #download (spec: ModelSpec, directory: string, signal: AbortSignal): Promise<void> {
    const { logger, onProgress = logProgress(logger), retry = DEFAULT_RETRY } = this.#options
    const { repo, revision } = spec
    logger.info({ model: spec.name, repo, revision, from: new URL(this.#hub.endpoint).origin }, 'Downloading the model')
    const manifest = await readManifest(directory) ?? { version: 1 as const, repo, revision, files: {} }
    const optional = optionalFiles(spec.dtype)
    for (const file of [...requiredFiles(spec.dtype), ...optional]) {
      if (await isIntact(directory, file, manifest.files[file])) continue
      try {
        manifest.files[file] = await downloadFile({
          hub: this.#hub,
          retry,
          directory,
          signal,
          subject: { repo, revision, file },
          onProgress: (receivedBytes, totalBytes) => onProgress({ repo, file, receivedBytes, totalBytes })
        })
      } catch (error) {
        if (error instanceof ModelNotFoundError && optional.includes(file)) continue
        throw error
      }
      await writeManifest(directory, manifest)
    }
    logger.info({ model: spec.name, directory }, 'The model is downloaded')
  }
}

async function isComplete (directory: string, spec: ModelSpec): Promise<boolean> {
  const known = (await readManifest(directory))?.files ?? {}
  for (const file of requiredFiles(spec.dtype)) {
    const entry = known[file]
    if (entry !== undefined && !await isIntact(directory, file, entry)) return false
    if (await obviousDamage(join(directory, file), file) !== undefined) return false
  }
  return true
}

/** Whether the file has the size that its manifest says; without an entry, whether it is there and not plainly wrong. */
async function isIntact (directory: string, file: string, entry: ManifestEntry | undefined): Promise<boolean> {
  const path = join(directory, file)
  if (entry !== undefined) return await readSize(path) === entry.bytes
  return await obviousDamage(path, file) === undefined
}
