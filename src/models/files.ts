import { open, readFile, stat } from 'node:fs/promises'
import { weightsFile, type Dtype } from './catalog.ts'

/** Files that every model needs, small ones first: a wrong name fails before the weights are downloaded. */
export function requiredFiles (dtype: Dtype): string[] {
  return ['config.json', 'tokenizer.json', 'tokenizer_config.json', weightsFile(dtype)]
}

/** Files that only some models have. */
export function optionalFiles (dtype: Dtype): string[] {
  return ['special_tokens_map.json', `${weightsFile(dtype)}_data`]
}

/** A revision as one safe path segment: `refs/pr/24` becomes `refs__pr__24`. */
export function revisionDirectory (revision: string): string {
  return revision.replaceAll('/', '__')
}

/** Size in bytes of a regular file; undefined if there is none. */
export async function readSize (path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path)
    return stats.isFile() ? stats.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether a file-system error means that the path does not exist. */
export function isMissing (error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}

const GIT_LFS_POINTER = 'version https://git-lfs'

/**
 * Why the content cannot be what `file` should be (missing, empty, a git-lfs pointer, a web page, no JSON), or
 * undefined. This is the only check for a file whose hash is not recorded.
 * @param path of the content, which may still have a temporary name
 */
export async function obviousDamage (path: string, file: string): Promise<string | undefined> {
  const size = await readSize(path)
  if (size === undefined) return 'missing'
  if (size === 0) return 'empty'
  const head = await readHead(path, 256)
  if (head.startsWith(GIT_LFS_POINTER)) return 'a git-lfs pointer, not the file'
  if (/^\s*<(!doctype|html)/i.test(head)) return 'a web page, not the file'
  if (!file.endsWith('.json')) return undefined
  try {
    await readJson(path)
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return 'not valid JSON'
    throw error
  }
}

/** Parses a JSON file, with or without a byte order mark. @throws {SyntaxError} if it is not valid JSON */
export async function readJson (path: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readFile(path)))
}

async function readHead (path: string, bytes: number): Promise<string> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
