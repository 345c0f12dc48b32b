import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Row, Scored } from './rows.ts'
import { PASSING, ScoringError, type Scorer } from './scorer.ts'

/** Tries in a row without one more row answered. */
const ATTEMPTS = 8
const BACKOFF_MS = 500
const MAX_BACKOFF_MS = 30_000
/** Rows that are sent and not answered yet, at most: they are sent again after a broken connection. */
const MAX_PENDING = 1000

interface Line { label?: string, scores?: Record<string, number>, model?: string, code?: string, detail?: string }

/** It may work a little later. */
class PassingError extends Error {
  readonly retryAfterMs: number | undefined

  constructor (message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** A running service at `url`, asked through its NDJSON stream. Its Retry-After is honoured; `key` is its API key, if it wants one. */
export async function remoteScorer (url: string, key: string | undefined, say: (line: string) => void): Promise<Scorer> {
  const headers: Record<string, string> = key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` }
  const info = await retrying(say, async () => {
    const response = await fetch(`${url}/info`, { headers }).catch((error: Error) => {
      throw new ScoringError(`${url} cannot be reached (${(error.cause as Error | undefined)?.message ?? error.message})`)
    })
    refuse(response.status, response.headers.get('retry-after'), url)
    return await response.json() as { model_id: string, model_sha: string, model_dtype: string, labels: string[] }
  })
  return {
    model: `${info.model_id} (${info.model_sha}, ${info.model_dtype})`,
    labels: info.labels,
    score: (rows, signal) => new RemoteRun(url, headers, info.model_id, say).score(rows, signal),
    close: () => Promise.resolve()
  }
}

class RemoteRun {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #model: string
  readonly #say: (line: string) => void
  /** Rows that were taken from the input and not yielded. */
  #pending: Row[] = []
  #ended = false
  #wake = (): void => {}

  constructor (url: string, headers: Record<string, string>, model: string, say: (line: string) => void) {
    this.#url = url
    this.#headers = headers
    this.#model = model
    this.#say = say
  }

  async * score (rows: AsyncIterable<readonly Row[]>, signal: AbortSignal): AsyncGenerator<Scored[], void> {
    const source = rows[Symbol.asyncIterator]()
    let failures = 0
    while (!signal.aborted && !(this.#ended && this.#pending.length === 0)) {
      try {
        for await (const scored of this.#connection(source, signal)) {
          failures = 0
          yield scored
        }
      } catch (error) {
        if (signal.aborted) return
        failures++
        await waitAfter(error, failures, this.#say, signal)
      }
    }
  }

  /** One request: sends what is pending, then further rows, and yields what is answered. */
  async * #connection (source: AsyncIterator<readonly Row[]>, signal: AbortSignal): AsyncGenerator<Scored[], void> {
    const open = this.#url.startsWith('https:') ? httpsRequest : httpRequest
    const outgoing = open(`${this.#url}/predict`, { method: 'POST', headers: { ...this.#headers, 'content-type': 'application/x-ndjson' }, signal })
    const answered = new Promise<IncomingMessage>((resolve, reject) => { outgoing.on('response', resolve).on('error', reject) })
    answered.catch(() => {})
    outgoing.on('close', () => this.#wake()).on('drain', () => this.#wake())
    const sending = this.#send(outgoing, source)
    sending.catch((error: Error) => outgoing.destroy(error))
    try {
      const response = await answered
      refuse(response.statusCode ?? 0, response.headers['retry-after'], this.#url)
      const lines = createInterface({ input: response })
      // The end of a connection that was given up is told to nobody else.
      lines.on('error', () => {})
      for await (const line of lines) {
        const scored = this.#take(parseLine(line))
        if (scored.length > 0) yield scored
      }
      if (!response.complete) throw new PassingError('The connection broke')
      await sending
      // Rows that were never sent, because they are wrong in themselves, may stand at the end.
      const rest = this.#withoutText()
      if (rest.length > 0) yield rest
      if (this.#pending.length > 0) throw new PassingError('The answer ended early')
    } catch (error) {
      throw asPassing(error)
    } finally {
      outgoing.destroy()
      this.#wake()
      await sending.catch(() => {})
    }
  }

  async #send (outgoing: ClientRequest, source: AsyncIterator<readonly Row[]>): Promise<void> {
    const write = (rows: readonly Row[]): boolean => {
      const lines = rows.filter(({ error }) => error === undefined).map(({ text }) => `${JSON.stringify(text)}\n`)
      return lines.length === 0 || outgoing.write(lines.join(''))
    }
    let flowing = write(this.#pending)
    while (!outgoing.destroyed && !this.#ended) {
      if (!flowing || this.#pending.length >= MAX_PENDING) {
        await new Promise<void>((resolve) => { this.#wake = resolve })
        flowing = !outgoing.writableNeedDrain
        continue
      }
      const { done, value } = await source.next()
      if (done === true) {
        this.#ended = true
        break
      }
      // They count as taken even if the connection broke meanwhile: the next one sends them.
      this.#pending.push(...value)
      if (!outgoing.destroyed) flowing = write(value)
    }
    if (!outgoing.destroyed) outgoing.end()
  }

  /** The row that a line answers, and those before it that were not sent. */
  #take (line: Line): Scored[] {
    if (line.code !== undefined && PASSING.has(line.code)) throw new PassingError(line.detail ?? line.code)
    const scored = this.#withoutText()
    const row = this.#pending.shift()
    if (row === undefined) throw new ScoringError(`${this.#url} answered more lines than were sent`)
    this.#wake()
    if (line.code !== undefined) return [...scored, { row, result: { error: line.code } }]
    if (line.model !== this.#model) throw new ScoringError(`The model at ${this.#url} changed from ${this.#model} to ${line.model ?? 'an unknown one'}: begin anew with --restart`)
    return [...scored, { row, result: { label: line.label as string, scores: line.scores ?? {} } }]
  }

  #withoutText (): Scored[] {
    const count = this.#pending.findIndex(({ error }) => error === undefined)
    return this.#pending.splice(0, count < 0 ? this.#pending.length : count).map((row) => ({ row, result: { error: row.error as string } }))
  }
}

/** Throws for every status but 200: a PassingError where the service says to come back. */
function refuse (status: number, retryAfter: string | null | undefined, url: string): void {
  if (status === 200) return
  if (status === 401) throw new ScoringError(`${url} wants an API key, or refuses the one that it got: set API_KEY`)
  const seconds = Number(retryAfter ?? NaN)
  if (status === 429 || status === 503) throw new PassingError(`${url} answered with status ${status}`, Number.isFinite(seconds) ? seconds * 1000 : undefined)
  if (status >= 500) throw new PassingError(`${url} answered with status ${status}`)
  throw new ScoringError(`${url} answered with status ${status}: is this a sentiment service?`)
}

function parseLine (line: string): Line {
  try {
    return JSON.parse(line) as Line
  } catch {
    throw new PassingError('The connection broke in the middle of a line')
  }
}

/** What breaks a connection may pass; everything else is what it is. */
function asPassing (error: unknown): unknown {
  return error instanceof Error && 'code' in error ? new PassingError(`The connection broke (${String(error.code)})`) : error
}

async function waitAfter (error: unknown, failures: number, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  if (!(error instanceof PassingError)) throw error
  if (failures >= ATTEMPTS) throw new ScoringError(`${error.message}; given up after ${failures} tries`)
  const waitMs = error.retryAfterMs ?? Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (failures - 1))
  say(`${error.message}: trying again in ${Math.ceil(waitMs / 1000)} s`)
  await delay(waitMs, undefined, signal && { signal }).catch(() => {})
}

async function retrying<T> (say: (line: string) => void, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      await waitAfter(error, failures, say)
    }
  }
}
