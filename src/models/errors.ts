/** Where something went wrong; `file` only where it is about one file. */
export interface ModelSubject {
  repo: string
  revision: string
  file?: string
}

/** A model cannot be had. The message says which one and what the operator can do; it never holds a token. */
export class ModelError extends Error {
  readonly repo: string
  readonly revision: string
  readonly file: string | undefined

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

/** The hub refuses access (401 or 403). The public hub also answers 401 for a repository that does not exist. */
export class ModelAccessError extends ModelError {
  constructor (subject: ModelSubject, origin: string, status: number, tokenGiven: boolean, options?: ErrorOptions) {
    super(subject, `${origin} refuses access (status ${status})`, tokenGiven
      ? 'Check that HF_TOKEN is valid and may read the repository, and that MODEL_NAME is right'
      : 'Set HF_TOKEN if the repository is private or gated, and check that MODEL_NAME is right', options)
  }
}

/** The hub cannot be reached, or kept failing until the retries were spent. */
export class HubUnreachableError extends ModelError {
  constructor (subject: ModelSubject, origin: string, reason: string, options?: ErrorOptions) {
    super(subject, `no usable answer from ${origin} (${reason})`,
      'Check HF_ENDPOINT and the network, or put the files into MODEL_DIR, or set MODEL_FALLBACK=compact', options)
  }
}

/** Files are damaged: what was downloaded does not match what the hub announced, or what is on disk is no model. */
export class DamagedModelError extends ModelError {
  constructor (subject: ModelSubject, reason: string, options?: ErrorOptions) {
    super(subject, `damaged (${reason})`,
      'Check HF_ENDPOINT (a proxy or a mirror may change files), or replace the files in MODEL_DIR', options)
  }
}

/** The model's directory cannot be read or written. */
export class ModelStorageError extends ModelError {
  constructor (subject: ModelSubject, directory: string, code: string, options?: ErrorOptions) {
    super(subject, `cannot use ${directory} (${code})`,
      'Check that MODEL_DIR is writable for the user of the service and has free space', options)
  }
}
