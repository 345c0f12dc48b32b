import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isMissing } from './files.ts'

/** What is recorded of one downloaded file. */
export interface ManifestEntry {
  bytes: number
  /** Lower-case hex digest of the whole file, computed when its download was checked. */
  sha256: string
  etag?: string
  /** Commit that the hub served the file from. */
  commit?: string
}

/** Contents of `manifest.json`: the downloaded files of one model directory. Files that were copied by hand are not in it. */
export interface Manifest {
  version: 1
  repo: string
  revision: string
  files: Record<string, ManifestEntry>
}

export const MANIFEST = 'manifest.json'

/** The manifest of `directory`; undefined if there is none or its content is invalid. */
export async function readManifest (directory: string): Promise<Manifest | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, MANIFEST), 'utf8'))
    return isManifest(value) ? value : undefined
  } catch (error) {
    // An invalid manifest is ignored: the files then count as copied by hand.
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

/** Renames a complete, synced file to its final name and makes the rename durable. */
export async function moveIntoPlace (temporary: string, path: string): Promise<void> {
  await rename(temporary, path)
  // Windows cannot open a directory; elsewhere an unsynced rename may be lost in a power failure.
  if (process.platform === 'win32') return
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Bytes that are read at once: with 1 MiB, 126 MB in the page cache take 125 ms, with Node's default of 64 KiB 190 ms. */
const READ_BYTES = 2 ** 20

/** SHA-256 of a file, lower-case hex. */
export async function hashFile (path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash, signal === undefined ? {} : { signal })
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
