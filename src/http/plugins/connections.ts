import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES, STALLED_CONNECTION_MS, type ServerLimits } from '../limits.ts'
import { Pacer } from '../pacer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
  }
}

/** Pipelined requests of one connection that are processed at the same time. */
const MAX_ACTIVE = 32

/** Bytes of unread answers beyond which a connection's next pipelined request waits. */
const MAX_UNREAD_BYTES = 65_536

/** Waiting requests over all connections, about 4 KiB each; a connection that exceeds the limit is closed. */
const MAX_WAITING = 4096

/** Pipelined requests that start in one tick of the event loop, for all connections together. */
const STARTS_PER_TICK = 16

/** The requests of one connection. */
interface Pipeline {
  readonly socket: Socket
  /** The answer to the newest request that was started. */
  newest: ServerResponse
  /** Answers that are not complete, if the connection pipelines. */
  readonly active: Set<ServerResponse>
  readonly waiting: (() => void)[]
  /** Whether the first waiting request starts in a later tick. */
  scheduled: boolean
}

/**
 * Bounds what one connection holds: of a client that pipelines requests, a few are processed and the others wait, also while it reads no
 * answer. Requests are held back before Fastify receives them: those that wait are not counted, logged or traced yet.
 */
export class Connections {
  readonly #limits: ServerLimits
  readonly #timeoutMs: number
  readonly #pipelines = new WeakMap<Socket, Pipeline>()
  readonly #open = new Set<Socket>()
  readonly #pacer = new Pacer(STARTS_PER_TICK)
  #waiting = 0

  /** @param timeoutMs milliseconds in which a request must be answered */
  constructor (limits: ServerLimits, timeoutMs: number) {
    this.#limits = limits
    this.#timeoutMs = timeoutMs
  }

  /** Creates an HTTP server that passes requests to `handler`. */
  createServer (handler: RequestListener): Server {
    const listener: RequestListener = (request, response) => this.#receive(request, response, handler)
    const server = createServer({
      headersTimeout: this.#limits.headersTimeoutMs,
      connectionsCheckingInterval: this.#limits.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // http/plugins/body.ts limits the time of bodies: this option would interrupt streams.
      requestTimeout: 0,
      // http/plugins/request-head.ts rejects such requests with problem details.
      requireHostHeader: false
    }, listener)
    // An unknown expectation is ignored (RFC 9110, section 10.1.1).
    server.on('checkExpectation', listener)
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket)
      socket.once('close', () => this.#open.delete(socket))
      stopParserAfterClose(socket)
    })
    // Without any byte sent or received: a client that never reads its answer must not hold it forever.
    server.setTimeout(this.#timeoutMs + STALLED_CONNECTION_MS)
    return server
  }

  /**
   * Closes the connections without a complete request, after the time that they have for it. Node considers a connection idle only after
   * its first answer, and stops checking for late headers when the server closes.
   */
  closeIncomplete (): void {
    setTimeout(() => {
      for (const socket of this.#open) if (!isBusy(this.#pipelines.get(socket))) socket.destroy()
    }, this.#limits.incompleteRequestMs).unref()
  }

  /**
   * Closes the connection of an answered request unless the rest of its body arrives in time: it would hold the connection for as long
   * as the client likes. Until then the body is discarded, so that the client can read the answer first.
   */
  requireBody (request: IncomingMessage): void {
    // Undefined for requests that tests inject without a connection.
    if ((request.complete as boolean | undefined) !== false) return
    const timer = setTimeout(() => request.socket.destroy(), this.#limits.incompleteRequestMs)
    request.once('close', () => clearTimeout(timer))
    request.resume()
  }

  #receive (request: IncomingMessage, response: ServerResponse, handler: RequestListener): void {
    const { socket } = request
    // Node still parses what it has read. No answer would be sent, and no event would end the request.
    if (socket.destroyed) return
    const pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      this.#create(socket, response)
      handler(request, response)
      return
    }
    const { newest, active, waiting } = pipeline
    // Most clients send a request after the answer to the last one: nothing is tracked for them.
    if (active.size === 0 && !newest.closed) this.#track(pipeline, newest)
    if (active.size === 0 && waiting.length === 0) {
      pipeline.newest = response
      handler(request, response)
    } else if (this.#waiting >= MAX_WAITING) {
      socket.destroy()
    } else {
      this.#waiting++
      waiting.push(() => {
        this.#track(pipeline, response)
        handler(request, response)
      })
      this.#schedule(pipeline)
    }
  }

  #create (socket: Socket, newest: ServerResponse): void {
    const pipeline: Pipeline = { socket, newest, active: new Set(), waiting: [], scheduled: false }
    this.#pipelines.set(socket, pipeline)
    socket.once('close', () => {
      this.#waiting -= pipeline.waiting.splice(0).length
      pipeline.active.forEach(closeUnsent)
    })
  }

  #track (pipeline: Pipeline, response: ServerResponse): void {
    pipeline.newest = response
    pipeline.active.add(response)
    response.once('close', () => {
      pipeline.active.delete(response)
      this.#schedule(pipeline)
    })
  }

  #schedule (pipeline: Pipeline): void {
    if (pipeline.scheduled || pipeline.waiting.length === 0 || !hasCapacity(pipeline)) return
    pipeline.scheduled = true
    void this.#pacer.next().then(() => {
      pipeline.scheduled = false
      if (!pipeline.socket.destroyed && hasCapacity(pipeline)) {
        this.#waiting--
        pipeline.waiting.shift()?.()
      }
      this.#schedule(pipeline)
    })
  }
}

/** Closes connections that wait for the rest of a request: at the shutdown, and after an answer that was sent before it. */
export default fp((app: FastifyInstance, { connections }: { connections: Connections }, done) => {
  app.decorate('connections', connections)
  app.addHook('preClose', (closed) => {
    connections.closeIncomplete()
    closed()
  })
  app.addHook('onResponse', (request, _reply, next) => {
    connections.requireBody(request.raw)
    next()
  })
  done()
}, { name: 'connections' })

/** Makes Node's parser fail: neither 0 nor what the parser interprets as a kind of body. */
const STOP = -1

/**
 * Stops the parser of a connection that was closed. Otherwise Node parses all that it has read, up to 64 KiB, and keeps the objects of
 * thousands of requests until the close is complete: a few hundred such connections would take a gigabyte. `onIncoming` is not part of
 * Node's documented interface; without it, only this memory is not bounded.
 */
function stopParserAfterClose (socket: Socket): void {
  const { parser } = socket as Socket & { parser?: { onIncoming?: (request: IncomingMessage, keepAlive: boolean) => number } }
  const onIncoming = parser?.onIncoming
  if (parser === undefined || onIncoming === undefined) return
  parser.onIncoming = (request, keepAlive) => socket.destroyed ? STOP : onIncoming(request, keepAlive)
}

/** Whether a request of the connection is in progress, or waits. */
function isBusy (pipeline: Pipeline | undefined): boolean {
  return pipeline !== undefined && (pipeline.active.size > 0 || pipeline.waiting.length > 0 || !pipeline.newest.closed)
}

function hasCapacity ({ active, socket }: Pipeline): boolean {
  if (active.size === 0) return true
  if (active.size >= MAX_ACTIVE) return false
  let unread = socket.writableLength
  for (const response of active) unread += response.writableLength
  return unread < MAX_UNREAD_BYTES
}

/**
 * Ends an answer that waits behind others of its closed connection. Node closes only the answer that is being sent, so what the others
 * hold would never be released.
 */
function closeUnsent (response: ServerResponse): void {
  if (response.socket !== null) return
  response.destroy()
  response.emit('close')
}
