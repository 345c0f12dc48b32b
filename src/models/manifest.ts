import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isMissing } from './files.ts'

/** What is known of one downloaded file. */
export interface ManifestEntry {
  bytes: number
  /** Lower-case hex digest of the whole file, as it was when its download was checked. */
  sha256: string
  etag?: string
  /** Commit that the hub served the file from. */
  commit?: string
}

/** Contents of `manifest.json`: the downloaded files of one model directory. Files put there by hand are not in it. */
export interface Manifest {
  version: 1
  repo: string
  revision: string
  files: Record<string, ManifestEntry>
}

export const MANIFEST = 'manifest.json'

/** The manifest of `directory`, or undefined where there is none or it is not readable as one. */
export async function readManifest (directory: string): Promise<Manifest | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, MANIFEST), 'utf8'))
    return isManifest(value) ? value : undefined
  } catch (error) {
    // A broken manifest is as good as none: the files are then judged by their content, or fetched again.
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Replaces the manifest atomically: a crash leaves the old one or the new one. */
export async function writeManifest (directory: string, manifest: Manifest): Promise<void> {
  const temporary = join(directory, `.${MANIFEST}.${randomUUID()}.part`)
  try {
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(JSON.stringify(manifest, null, 2) + '\n')
      await handle.sync()
    } finally {
      await handle.close()
    }
    await moveIntoPlace(temporary, join(directory, MANIFEST))
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Renames a complete, synced file to its final name and makes the rename itself durable. */
export async function moveIntoPlace (temporary: string, path: string): Promise<void> {
  await rename(temporary, path)
  // Windows cannot open a directory; elsewhere an unsynced rename may be lost with the power.
  if (process.platform === 'win32') return
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** SHA-256 of a file, lower-case hex. */
export async function hashFile (path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal })
  return hash.digest('hex')
}

function isManifest (value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false
  const { version, repo, revision, files } = value as Partial<Manifest>
  return version === 1 && typeof repo === 'string' && typeof revision === 'string' &&
    typeof files === 'object' && files !== null && Object.values(files).every(isEntry)
}

function isEntry (value: unknown): value is ManifestEntry {
  if (typeof value !== 'object' || value === null) return false
  const { bytes, sha256 } = value as Partial<ManifestEntry>
  return Number.isSafeInteger(bytes) && typeof sha256 === 'string'
}
