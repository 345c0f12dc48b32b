/** What an error is about; `file` only if it concerns a single file. */
export interface ModelSubject {
  repo: string
  revision: string
  file?: string
}

/** A model is not available. The message names it and what the operator can do; it never contains a token. */
export class ModelError extends Error {
  readonly repo: string
  readonly revision: string
  readonly file: string | undefined
  /** Whether the same attempt may succeed later without a change of the settings. */
  readonly retryable: boolean = false

  constructor (subject: ModelSubject, problem: string, advice: string, options?: ErrorOptions) {
    const file = subject.file === undefined ? '' : `, file ${subject.file}`
    super(`Model ${subject.repo} (revision ${subject.revision}${file}): ${problem}. ${advice}`, options)
    this.name = new.target.name
    this.repo = subject.repo
    this.revision = subject.revision
    this.file = subject.file
  }
}

/** The hub does not have the repository, the revision or the file (404). */
export class ModelNotFoundError extends ModelError {
  constructor (subject: ModelSubject, origin: string, options?: ErrorOptions) {
    super(subject, `not found on ${origin}`,
      'Check MODEL_NAME, MODEL_REVISION and MODEL_DTYPE: the repository must have ONNX files', options)
  }
}

/** The hub denies access (401 or 403). The public hub also answers 401 for a repository that does not exist. */
export class ModelAccessError extends ModelError {
  constructor (subject: ModelSubject, origin: string, status: number, tokenGiven: boolean, options?: ErrorOptions) {
    super(subject, `${origin} denies access (status ${status})`, tokenGiven
      ? 'Check that HF_TOKEN is valid and may read the repository, and that MODEL_NAME is right'
      : 'Set HF_TOKEN if the repository is private or gated, and check that MODEL_NAME is right', options)
  }
}

/** The hub cannot be reached, or failed until the retries were exhausted. */
export class HubUnreachableError extends ModelError {
  override readonly retryable = true

  constructor (subject: ModelSubject, origin: string, reason: string, options?: ErrorOptions) {
    super(subject, `no usable answer from ${origin} (${reason})`,
      'Check HF_ENDPOINT, HTTPS_PROXY and the network, or put the files into MODEL_DIR, or set MODEL_FALLBACK=compact', options)
  }
}

/** Files are damaged: a download does not match what the hub announced, or the embedded model is incomplete. */
export class DamagedModelError extends ModelError {
  constructor (subject: ModelSubject, reason: string, options?: ErrorOptions) {
    super(subject, `damaged (${reason})`,
      'Check HF_ENDPOINT (a proxy or a mirror may change files), or replace the files', options)
  }
}

/** Why a folder cannot be used and what to do about it, by the code of the file system's error. */
const STORAGE_PROBLEMS: Readonly<Record<string, readonly [problem: string, advice: string]>> = {
  ENOSPC: ['no space left', 'Free space there, or set MODEL_DIR to a folder on another disk'],
  EDQUOT: ['the disk quota is exhausted', 'Free space there, or set MODEL_DIR to a folder on another disk'],
  EROFS: ['the file system is read-only', 'Mount it writable, put the model\'s files there, or set MODEL_DIR to a writable folder'],
  // Node reports a missing parent on a read-only file system as ENOENT.
  ENOENT: ['the folder cannot be created', 'Check that its file system is writable, or set MODEL_DIR to a writable folder'],
  EACCES: ['permission denied', 'Give the user of the service read and write access, or set MODEL_DIR to a writable folder'],
  EPERM: ['operation not permitted', 'Give the user of the service read and write access, or set MODEL_DIR to a writable folder'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Remove that file, or set MODEL_DIR to a folder'],
  EEXIST: ['a part of the path is a file, not a folder', 'Remove that file, or set MODEL_DIR to a folder']
}

/** The model's folder cannot be read or written. The download is tried again later: freed space or a new mount ends the problem. */
export class ModelStorageError extends ModelError {
  override readonly retryable = true

  constructor (subject: ModelSubject, directory: string, code: string, options?: ErrorOptions) {
    const [problem, advice] = STORAGE_PROBLEMS[code] ?? ['read or write error', 'Check the disk, or set MODEL_DIR to another folder']
    super(subject, `cannot use ${directory}: ${problem} (${code})`, advice, options)
  }
}

/** A file system's error as ModelStorageError; any other error unchanged. Network errors never get here as such: they are TransientError. */
export function describeStorageError (error: unknown, { repo, revision }: ModelSubject, directory: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof ModelError || code === undefined || syscall === undefined) return error
  return new ModelStorageError({ repo, revision }, directory, code, { cause: error })
}
