import { setMaxListeners } from 'node:events'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastJson from 'fast-json-stringify'
import { notReady, RequestTimeoutError } from '../../errors.ts'
import { clientDisconnected } from '../client-disconnected.ts'
import { LineSplitter, type Line } from '../lines.ts'
import { isBlank, NDJSON, parseLine, problemLine } from '../ndjson.ts'
import { StreamAnswer } from '../schemas/stream.ts'
import { inOrder } from '../../prediction/in-order.ts'
import { sentimentAnswer } from '../../prediction/answer.ts'
import { StreamFlow } from '../../inference/stream-flow.ts'

const writeAnswer = fastJson(StreamAnswer)

/** After an answer that ended before its request: so long the client may go on sending before the connection is closed. */
const LINGER_MS = 1000

/** Bytes of answers that may wait for a client that reads slowly, beside what the operating system holds. */
const OUTPUT_BUFFER_BYTES = 65_536

/**
 * Answers an NDJSON request line by line, in order, while it comes in. Holds a bounded number of lines. Throws NOT_READY
 * before the first line where no model answers; whatever goes wrong later is told in a line.
 * @param idleMs longest time in milliseconds in which nothing comes in, is computed or is taken
 */
export function predictStream (app: FastifyInstance, body: Readable, request: FastifyRequest, reply: FastifyReply, idleMs: number): FastifyReply {
  app.modelManager.requireModel()
  const answers = new StreamAnswers(app, body, request, reply, idleMs)
  // The client learns that it may send before it has sent anything.
  reply.raw.once('pipe', () => reply.raw.flushHeaders())
  return reply.type(NDJSON).header('x-accel-buffering', 'no').send(Readable.from(answers.chunks(), { objectMode: false, highWaterMark: OUTPUT_BUFFER_BYTES }))
}

/** One stream on its way. */
class StreamAnswers {
  readonly #app: FastifyInstance
  readonly #body: Readable
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #gone: AbortSignal
  readonly #stop = new AbortController()
  readonly #turn = new StreamFlow()
  readonly #idleMs: number
  #lastLine = 0
  #blocked = false
  #inFlight = 0

  constructor (app: FastifyInstance, body: Readable, request: FastifyRequest, reply: FastifyReply, idleMs: number) {
    this.#app = app
    this.#body = body
    this.#request = request
    this.#reply = reply
    this.#idleMs = idleMs
    this.#gone = clientDisconnected(reply)
    // Every line under way listens: from the eleventh on Node would warn of a leak.
    setMaxListeners(0, this.#gone)
  }

  async * chunks (): AsyncGenerator<string, void> {
    const { lifecycle, predictor, config } = this.#app
    const idle = setTimeout(() => this.#onIdle(idle), this.#idleMs)
    const onStopping = (): void => this.#stop.abort(notReady('The service is shutting down: send the rest again', 5))
    if (lifecycle.signal.aborted) onStopping()
    lifecycle.signal.addEventListener('abort', onStopping, { once: true })
    try {
      const results = inOrder({
        source: linesOf(this.#body, config.BODY_LIMIT_BYTES),
        start: (line) => this.#answer(line),
        room: (inFlight) => predictor.hasRoom(inFlight),
        stop: this.#stop.signal,
        gone: this.#gone,
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
      // The connection broke in the middle of the request: nobody is there to be told.
      if (!this.#gone.aborted) this.#request.log.info({ reason: (error as Error).message }, 'A stream broke off')
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
      const { text, truncate = true, id } = parseLine(line, this.#app.config.BODY_LIMIT_BYTES)
      source.id = id
      const { predictions: [prediction], labels, model } = await this.#app.predictor.predict([text], {
        truncate, signal: () => this.#gone, turn: this.#turn, firstIndex: line.number
      })
      const answer = sentimentAnswer(prediction as NonNullable<typeof prediction>, labels, model)
      return `${writeAnswer(id === undefined ? answer : { id, ...answer })}\n`
    } catch (error) {
      return this.#gone.aborted ? '' : problemLine(error, source, this.#request.log)
    } finally {
      this.#inFlight--
    }
  }

  /** Nothing moved for a while: whoever holds things up is let go. */
  #onIdle (timer: NodeJS.Timeout): void {
    if (this.#blocked) this.#reply.raw.destroy()
    else if (this.#inFlight > 0) timer.refresh()
    else this.#stop.abort(new RequestTimeoutError())
  }

  /** The last line of an answer that ends before its request. The connection is of no use afterwards. */
  #ending (): string {
    const { raw } = this.#request
    this.#reply.raw.once('finish', () => {
      raw.resume()
      setTimeout(() => raw.destroy(), LINGER_MS).unref()
    })
    return problemLine(this.#stop.signal.reason, { line: this.#lastLine + 1, requestId: this.#request.id }, this.#request.log)
  }
}

/** The lines of a body that hold something, as they come. */
async function * linesOf (body: Readable, maxBytes: number): AsyncGenerator<Line[], void> {
  const splitter = new LineSplitter(maxBytes)
  // A body that is given up half-way must not take the connection, and with it the answer, along.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const lines = splitter.push(chunk).filter((line) => !isBlank(line))
    if (lines.length > 0) yield lines
  }
  const last = splitter.end().filter((line) => !isBlank(line))
  if (last.length > 0) yield last
}
