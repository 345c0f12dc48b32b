/** The command cannot be carried out as given. The message states what is allowed. */
export class UsageError extends Error {}

/** A file cannot be read or written. The message names the file and the remedy. */
export class FileError extends Error {}

/** Rows cannot be scored now, or not at all. Completed rows are kept. */
export class ScoringError extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'the file is larger than the limit',
  ELOOP: 'it is a symbolic link',
  EEXIST: 'it exists already'
}

/** Write errors after which the same command can resume. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** `error` as a FileError that names `path` if it comes from the file system; any other error unchanged. */
export function toFileError (error: unknown, action: 'read' | 'write', path: string): unknown {
  if (!(error instanceof Error) || error instanceof FileError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error
  const remedy = FULL.has(code) ? '; free some space and run the same command again to resume' : ''
  return new FileError(`Cannot ${action} ${path}: ${REASONS[code] ?? code}${remedy}`)
}
