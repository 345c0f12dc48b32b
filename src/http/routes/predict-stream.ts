import { setMaxListeners } from 'node:events'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastJson from 'fast-json-stringify'
import { notReady, overloaded, RequestTimeoutError } from '../../errors.ts'
import { isBlank, NDJSON, parseLine, problemLine } from '../ndjson.ts'
import type { Pacer } from '../pacer.ts'
import { inGroups, LineSplitter, type Line } from '../lines.ts'
import { clientDisconnected, countTexts } from '../prediction-request.ts'
import { StreamAnswer } from '../schemas/predict.ts'
import { inOrder } from '../../prediction/in-order.ts'
import { toSentimentAnswer, type Prediction } from '../../prediction/answer.ts'
import { Flow } from '../../inference/queued-text.ts'

const writeAnswer = fastJson(StreamAnswer)

/** Texts that an open stream counts as for MAX_TEXTS_PER_CALLER. */
const STREAM_TEXTS = 8

/** Lines of a stream that start together: few enough that other requests are answered in between. */
const GROUP_LINES = 16

/** Bytes of answers buffered for a client that reads slowly, in addition to the buffers of the operating system. */
const OUTPUT_BUFFER_BYTES = 65_536

export interface StreamOptions {
  /** Longest time in milliseconds in which no line is received, computed or sent. */
  idleMs: number
  pacer: Pacer
}

/**
 * Answers an NDJSON request line by line, in order, while it is received. Keeps a bounded number of lines. Throws NOT_READY
 * or RATE_LIMITED before the first line; later errors are reported in a line.
 */
export function predictStream (app: FastifyInstance, body: Readable, request: FastifyRequest, reply: FastifyReply, { idleMs, pacer }: StreamOptions): FastifyReply {
  app.modelManager.requireModel()
  const { caller } = request
  app.callerLimits.acquire(caller, STREAM_TEXTS)
  reply.raw.once('close', () => app.callerLimits.release(caller, STREAM_TEXTS))
  const answers = new StreamAnswers(app, body, request, reply, { idleMs, pacer })
  // Headers are sent immediately: a client may wait for them before it sends lines.
  reply.raw.once('pipe', () => reply.raw.flushHeaders())
  return reply.type(NDJSON).header('x-accel-buffering', 'no').send(Readable.from(answers.chunks(), { objectMode: false, highWaterMark: OUTPUT_BUFFER_BYTES }))
}

/** One stream in progress. */
class StreamAnswers {
  readonly #app: FastifyInstance
  readonly #body: Readable
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #disconnected: AbortSignal
  readonly #stop = new AbortController()
  readonly #flow: Flow
  readonly #idleMs: number
  readonly #pacer: Pacer
  #lastLine = 0
  #blocked = false
  #inFlight = 0

  constructor (app: FastifyInstance, body: Readable, request: FastifyRequest, reply: FastifyReply, { idleMs, pacer }: StreamOptions) {
    this.#app = app
    this.#body = body
    this.#request = request
    this.#reply = reply
    this.#flow = new Flow(request.caller)
    this.#idleMs = idleMs
    this.#pacer = pacer
    this.#disconnected = clientDisconnected(reply)
    // Every line in progress listens: above ten listeners Node would warn of a leak.
    setMaxListeners(0, this.#disconnected)
  }

  async * chunks (): AsyncGenerator<string, void> {
    const { lifecycle, predictor, config } = this.#app
    const idle = setTimeout(() => this.#onIdle(idle), this.#idleMs)
    const onStopping = (): void => this.#stop.abort(notReady('The service is shutting down: send the remaining lines again', 5))
    if (lifecycle.signal.aborted) onStopping()
    lifecycle.signal.addEventListener('abort', onStopping, { once: true })
    try {
      const results = inOrder({
        source: this.#lines(config.BODY_LIMIT_BYTES),
        start: (line) => this.#answer(line),
        canStart: (inFlight) => predictor.canStart(inFlight, this.#request.caller),
        stop: this.#stop.signal,
        cancel: this.#disconnected,
        onProgress: () => idle.refresh()
      })
      for await (const lines of results) {
        this.#blocked = true
        yield lines.join('')
        this.#blocked = false
        idle.refresh()
      }
      if (this.#stop.signal.aborted) yield this.#ending()
    } catch (error) {
      if (!this.#disconnected.aborted) this.#request.log.info({ reason: (error as Error).message }, 'Stream aborted')
    } finally {
      clearTimeout(idle)
      lifecycle.signal.removeEventListener('abort', onStopping)
    }
  }

  async #answer (line: Line): Promise<string> {
    this.#lastLine = line.number
    const source = { line: line.number, id: undefined as string | number | undefined, requestId: this.#request.id }
    this.#inFlight++
    try {
      const { text, truncate = true, unreadable, id } = parseLine(line, this.#app.config.BODY_LIMIT_BYTES)
      source.id = id
      if (this.#app.rateLimiter !== undefined) await countTexts(1, this.#reply)
      const set = await this.#app.predictor.predict([text], {
        truncate, refuseUnreadable: unreadable === 'refuse', caller: this.#request.caller, signal: () => this.#disconnected, flow: this.#flow, firstIndex: line.number
      })
      const answer = toSentimentAnswer(set.predictions[0] as Prediction, set)
      return `${writeAnswer(id === undefined ? answer : { id, ...answer })}\n`
    } catch (error) {
      return this.#disconnected.aborted ? '' : problemLine(error, source, this.#request.log)
    } finally {
      this.#inFlight--
    }
  }

  /** The idle limit was reached: closes the connection of a client that does not read, or ends the stream of one that does not send. */
  #onIdle (timer: NodeJS.Timeout): void {
    if (this.#blocked) this.#reply.raw.destroy()
    else if (this.#inFlight > 0) timer.refresh()
    else this.#stop.abort(new RequestTimeoutError())
  }

  /** The last line of an answer that ends before its request. */
  #ending (): string {
    return problemLine(this.#stop.signal.reason, { line: this.#lastLine + 1, requestId: this.#request.id }, this.#request.log)
  }

  /** The non-blank lines of the body in small groups, as they arrive and other streams have had theirs. */
  async * #lines (maxBytes: number): AsyncGenerator<Line[], void> {
    const splitter = new LineSplitter(maxBytes)
    // Abandoning the body must not destroy the connection: the answer is still being sent.
    for await (const chunk of this.#body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      yield * this.#groups(splitter.push(chunk))
      if (this.#request.reservation?.grow(splitter.pending + OUTPUT_BUFFER_BYTES) === false) {
        this.#stop.abort(overloaded(1))
        return
      }
    }
    yield * this.#groups(splitter.end())
  }

  async * #groups (lines: Iterable<Line>): AsyncGenerator<Line[], void> {
    for (const group of inGroups(lines, GROUP_LINES)) {
      await this.#pacer.next()
      const texts = group.filter((line) => !isBlank(line))
      if (texts.length > 0) yield texts
    }
  }
}
