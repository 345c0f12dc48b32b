import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Dtype } from './catalog.ts'
import { obviousDamage, optionalFiles, readSize, requiredFiles } from './files.ts'
import { hashFile, readManifest, type Manifest } from './manifest.ts'

/** State of one file of a model. */
export interface FileCheck {
  file: string
  /** Size in bytes; undefined if the file is missing. */
  bytes: number | undefined
  status: 'ok' | 'missing' | 'damaged'
  /** Why the file counts as damaged. */
  reason?: string
}

export interface Inspection {
  files: FileCheck[]
  /** What was recorded when the files were downloaded; undefined for files that were copied there by hand. */
  manifest: Manifest | undefined
  /** Identifies the content of all files together; undefined unless every file is `ok`. */
  digest: string | undefined
}

/**
 * Reads every file of a model in full and compares it with the hash recorded at download. A file without a recorded hash is
 * checked for obvious damage only. Cost: 0.1 to 0.3 s for 126 MB that are in the page cache.
 * @throws the file system's error if a file cannot be read: such a file is not damaged
 */
export async function inspectModel (directory: string, dtype: Dtype): Promise<Inspection> {
  const manifest = await readManifest(directory)
  const files: FileCheck[] = []
  const digest = createHash('sha256')
  for (const { file, required } of modelFiles(dtype)) {
    const path = join(directory, file)
    const bytes = await readSize(path)
    const recorded = manifest?.files[file]
    if (bytes === undefined) {
      if (required || recorded !== undefined) files.push({ file, bytes, status: 'missing' })
      continue
    }
    const sha256 = await hashFile(path)
    digest.update(`${sha256}  ${file}\n`)
    const reason = recorded === undefined
      ? await obviousDamage(path, file)
      : sha256 === recorded.sha256 ? undefined : 'its content is not what was downloaded'
    files.push(reason === undefined ? { file, bytes, status: 'ok' } : { file, bytes, status: 'damaged', reason })
  }
  const intact = files.every(({ status }) => status === 'ok')
  return { files, manifest, digest: intact ? digest.digest('hex') : undefined }
}

/** Whether every required file exists: a cheap check before reading hundreds of megabytes. */
export async function hasRequiredFiles (directory: string, dtype: Dtype): Promise<boolean> {
  const sizes = await Promise.all(requiredFiles(dtype).map((file) => readSize(join(directory, file))))
  return sizes.every((size) => size !== undefined)
}

/** Files of a model in the order in which they are downloaded. */
export function modelFiles (dtype: Dtype): { file: string, required: boolean }[] {
  return [
    ...requiredFiles(dtype).map((file) => ({ file, required: true })),
    ...optionalFiles(dtype).map((file) => ({ file, required: false }))
  ]
}
