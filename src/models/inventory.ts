import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { COMPACT, COMPACT_REVISION, DTYPES, weightsFile, type Dtype } from './catalog.ts'
import { obviousDamage, optionalFiles, requiredFiles, readSize } from './files.ts'
import { readManifest } from './manifest.ts'

/** A model on this machine, in one number format. */
export interface InstalledModel {
  /** The hub repository, from the manifest or the folder's name, or `compact`. */
  name: string
  /** `-` for files that were copied by hand into a folder without a revision. */
  revision: string
  dtype: Dtype
  /** Size of all its files. */
  bytes: number
  /** Why it would not be used; undefined if it is complete. */
  problem: string | undefined
}

/** Depth of `owner/name/revision`. */
const MAX_DEPTH = 3

/**
 * The embedded model and those in `directory`: downloaded, incomplete, or copied by hand. Compares sizes, not hashes.
 * @throws the file system's error if a folder cannot be read
 */
export async function listModels (directory: string, embeddedDirectory: string): Promise<InstalledModel[]> {
  const models = [await describe(embeddedDirectory, COMPACT, COMPACT_REVISION, 'q8')]
  for (const folder of (await modelFolders(directory, MAX_DEPTH)).sort()) {
    const manifest = await readManifest(folder)
    const parts = relative(directory, folder).split(sep)
    const name = manifest?.repo ?? parts.slice(0, 2).join('/')
    const revision = manifest?.revision ?? parts[2] ?? '-'
    const dtypes: Dtype[] = []
    for (const dtype of DTYPES) {
      if (await readSize(join(folder, weightsFile(dtype))) !== undefined || manifest?.files[weightsFile(dtype)] !== undefined) dtypes.push(dtype)
    }
    for (const dtype of dtypes.length > 0 ? dtypes : ['q8' as const]) models.push(await describe(folder, name, revision, dtype))
  }
  return models
}

async function describe (folder: string, name: string, revision: string, dtype: Dtype): Promise<InstalledModel> {
  const required = requiredFiles(dtype)
  const sizes = await Promise.all([...required, ...optionalFiles(dtype)].map((file) => readSize(join(folder, file))))
  const known = (await readManifest(folder))?.files ?? {}
  const damage = await firstDamage(folder, required)
  const wrong = required.find((file, index) => known[file] !== undefined && sizes[index] !== known[file].bytes)
  return {
    name,
    revision,
    dtype,
    bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    problem: damage !== undefined ? `incomplete: ${damage.file} is ${damage.reason}` : wrong === undefined ? undefined : `damaged: ${wrong} has another size than was downloaded`
  }
}

/** The first of `files` with obvious damage in `directory`, and the reason; undefined if there is none. */
async function firstDamage (directory: string, files: string[]): Promise<{ file: string, reason: string } | undefined> {
  for (const file of files) {
    const reason = await obviousDamage(join(directory, file), file)
    if (reason !== undefined) return { file, reason }
  }
  return undefined
}

/** Folders with a model or a part of one, at most `depth` levels down. */
async function modelFolders (directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const here = entries.some(({ name }) => name === 'config.json' || name === 'manifest.json' || name === 'onnx')
  const below = depth === 0
    ? []
    : await Promise.all(entries.filter((entry) => entry.isDirectory() && entry.name !== 'onnx').map(({ name }) => modelFolders(join(directory, name), depth - 1)))
  return [...(here ? [directory] : []), ...below.flat()]
}
