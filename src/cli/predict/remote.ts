import { PassThrough, type Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { loadProxyClient } from '../../models/hub-request.ts'
import { ScoringError } from './errors.ts'
import { splitLines } from './lines.ts'
import { parseInfo, parseLine, type RemoteInfo, type RemoteLine } from './remote-schema.ts'
import { MAX_LENGTH_IN_FLIGHT, TEMPORARY, type Row, type ScoredRow, type Scorer } from './rows.ts'

/** Attempts in a row without one more row answered. */
const ATTEMPTS = 8
const BACKOFF_MS = 500
const MAX_BACKOFF_MS = 30_000
/** Longest wait that a service may request, in milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000
/** Maximum number of rows that were sent and are not answered yet: they are sent again after a broken connection. */
const MAX_PENDING = 1000
/** Longest line of an answer, in characters. */
const MAX_ANSWER_LENGTH = 64 * 1024

/** A failure that may have passed at the next attempt. */
class TemporaryError extends Error {
  readonly retryAfterMs: number | undefined

  constructor (message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

type Send = (path: string, options?: Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'>) => Promise<Dispatcher.ResponseData>

/**
 * Scores rows through the NDJSON stream of the service at `url`, and respects its Retry-After. HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY of `env` apply, and API_KEY if the service requires a key.
 * @throws {ScoringError} if there is no sentiment service, or a proxy's address is invalid
 */
export async function remoteScorer (url: string, env: NodeJS.ProcessEnv, report: (line: string) => void): Promise<Scorer> {
  const { undici, dispatcher } = await loadProxyClient(env).catch((error: Error) => { throw new ScoringError(error.message) })
  const authorization = env.API_KEY === undefined || env.API_KEY === '' ? {} : { authorization: `Bearer ${env.API_KEY}` }
  // Redirects are not followed: they would send the key to another address.
  const send: Send = async (path, options = {}) => await undici.request(`${url}${path}`, {
    ...options, method: options.body === undefined ? 'GET' : 'POST', headers: { ...authorization, ...options.headers as object }, dispatcher
  })
  const info = await retry(report, async () => {
    const { statusCode, headers, body } = await send('/info').catch((error: Error) => {
      throw new ScoringError(`Cannot reach ${url}: ${error.message || String((error as NodeJS.ErrnoException).code)}`)
    })
    try {
      checkStatus(statusCode, headers['retry-after'], url)
      return parseInfo(await readText(body), url)
    } finally {
      body.on('error', () => {}).destroy()
    }
  })
  return {
    model: `${info.model_id} (${info.model_sha}, ${info.model_dtype})`,
    labels: info.labels,
    score: (rows, signal) => new RemoteRun(rows[Symbol.asyncIterator](), url, send, info, report).score(signal),
    close: () => dispatcher.destroy()
  }
}

class RemoteRun {
  readonly #url: string
  readonly #request: Send
  readonly #info: RemoteInfo
  readonly #report: (line: string) => void
  readonly #source: AsyncIterator<readonly Row[]>
  /** Rows that were read and not answered yet, and their total length in characters. */
  #pending: Row[] = []
  #pendingLength = 0
  /** Whether a group is being read, and the group that was read but not sent yet: the next connection sends it if this one ends. */
  #reading = false
  #group: readonly Row[] | undefined
  #ended = false
  /** Why the input ended early: thrown once the rows before are answered. */
  #failure: { error: unknown } | undefined
  #wake = (): void => {}

  constructor (source: AsyncIterator<readonly Row[]>, url: string, send: Send, info: RemoteInfo, report: (line: string) => void) {
    this.#source = source
    this.#url = url
    this.#request = send
    this.#info = info
    this.#report = report
  }

  async * score (signal: AbortSignal): AsyncGenerator<ScoredRow[], void> {
    let failures = 0
    while (!signal.aborted && !(this.#ended && this.#group === undefined && this.#pending.length === 0)) {
      try {
        for await (const scored of this.#connection(signal)) {
          failures = 0
          yield [scored]
        }
      } catch (error) {
        if (signal.aborted) return
        failures++
        await waitAfter(error, failures, this.#report, signal)
      }
    }
    if (this.#failure !== undefined && !signal.aborted) throw this.#failure.error
  }

  /** One request: sends the pending rows, then further ones, and yields what is answered. */
  async * #connection (signal: AbortSignal): AsyncGenerator<ScoredRow, void> {
    const outgoing = new PassThrough()
    const ended = new AbortController()
    outgoing.on('close', () => this.#wake()).on('drain', () => this.#wake()).on('error', () => {})
    const sending = this.#send(outgoing)
    sending.catch((error: Error) => outgoing.destroy(error))
    try {
      const { statusCode, headers, body } = await this.#request('/predict', {
        body: outgoing, headers: { 'content-type': 'application/x-ndjson' }, signal: AbortSignal.any([signal, ended.signal])
      })
      body.on('error', () => {})
      checkStatus(statusCode, headers['retry-after'], this.#url)
      for await (const line of splitLines(decodeText(body), MAX_ANSWER_LENGTH)) {
        yield this.#resolve(parseLine(line, this.#info.labels, this.#url))
      }
      if (this.#pending.length > 0) throw new TemporaryError('The response ended early')
    } catch (error) {
      throw asTemporary(error)
    } finally {
      ended.abort()
      outgoing.destroy()
      this.#wake()
      await sending.catch(() => {})
    }
  }

  async #send (outgoing: Writable): Promise<void> {
    let flowing = writeRows(outgoing, this.#pending)
    while (!outgoing.destroyed) {
      const group = this.#group
      if (group !== undefined) {
        this.#group = undefined
        for (const row of group) this.#pendingLength += row.raw.length
        this.#pending.push(...group)
        flowing = writeRows(outgoing, group)
        continue
      }
      if (this.#ended) break
      const hasCapacity = this.#pending.length < MAX_PENDING && this.#pendingLength < MAX_LENGTH_IN_FLIGHT
      if (flowing && hasCapacity && !this.#reading) void this.#read()
      await new Promise<void>((resolve) => { this.#wake = resolve })
      flowing = !outgoing.writableNeedDrain
    }
    if (!outgoing.destroyed) outgoing.end()
  }

  async #read (): Promise<void> {
    this.#reading = true
    try {
      const { done, value } = await this.#source.next()
      if (done === true) this.#ended = true
      else this.#group = value
    } catch (error) {
      this.#ended = true
      this.#failure = { error }
    }
    this.#reading = false
    this.#wake()
  }

  /** The first pending row, with the line that answers it. */
  #resolve (line: RemoteLine): ScoredRow {
    if ('code' in line && TEMPORARY.has(line.code)) throw new TemporaryError(line.detail ?? line.code)
    const row = this.#pending.shift()
    if (row === undefined) throw new ScoringError(`${this.#url} sent more answers than there were texts`)
    this.#pendingLength -= row.raw.length
    this.#wake()
    if (row.error !== undefined) return { row, result: { error: row.error } }
    if ('code' in line) return { row, result: { error: line.code } }
    if (line.model !== this.#info.model_id) {
      throw new ScoringError(`The model at ${this.#url} changed from ${this.#info.model_id} to ${line.model}; start over with --restart`)
    }
    return { row, result: { label: line.label, scores: line.scores, warnings: line.warnings ?? [] } }
  }
}

/**
 * Sends rows, one line each. A row with an error of its own is sent as an empty text, whose answer is ignored, so that every row has
 * one answer. @returns false if the connection must drain first
 */
function writeRows (outgoing: Writable, rows: readonly Row[]): boolean {
  if (rows.length === 0) return true
  return outgoing.write(rows.map(({ text, error }) => `${JSON.stringify(error === undefined ? text : '')}\n`).join(''))
}

/** Throws for every status other than 200: a TemporaryError if a later attempt may succeed. */
function checkStatus (status: number, retryAfter: string | string[] | undefined, url: string): void {
  if (status === 200) return
  if (status === 401) throw new ScoringError(`${url} requires a valid API key; set API_KEY`)
  const seconds = Number(retryAfter ?? NaN)
  if (status === 429 || status >= 500) throw new TemporaryError(`${url} responded with status ${status}`, seconds >= 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined)
  throw new ScoringError(`${url} responded with status ${status}; is it the address of a sentiment service?`)
}

async function * decodeText (body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true })
}

/** The text of a response, cut after about MAX_ANSWER_LENGTH characters. */
async function readText (body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const part of decodeText(body)) {
    text += part
    if (text.length > MAX_ANSWER_LENGTH) break
  }
  return text
}

/** An error of the connection as a TemporaryError; any other unchanged. */
function asTemporary (error: unknown): unknown {
  return error instanceof Error && 'code' in error ? new TemporaryError(`The connection was interrupted (${String(error.code)})`) : error
}

async function waitAfter (error: unknown, failures: number, report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  if (!(error instanceof TemporaryError)) throw error
  if (failures >= ATTEMPTS) throw new ScoringError(`${error.message}; gave up after ${failures} attempts`)
  const waitMs = error.retryAfterMs ?? Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (failures - 1))
  report(`${error.message}; retrying in ${Math.ceil(waitMs / 1000)} s`)
  await delay(waitMs, undefined, signal && { signal }).catch(() => {})
}

async function retry<T> (report: (line: string) => void, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      await waitAfter(error, failures, report)
    }
  }
}
