import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerLimits } from '../limits.ts'

/** Pipelined requests of one connection that are processed at the same time. */
const MAX_ACTIVE = 32

/** Bytes of unread answers beyond which a connection's next pipelined request waits. */
const MAX_UNREAD_BYTES = 65_536

/** Waiting requests over all connections, about 4 KiB each; a connection that exceeds the limit is closed. */
const MAX_WAITING = 4096

/** The requests of one connection. */
interface Pipeline {
  /** The answer to the newest request that was processed. */
  newest: ServerResponse
  /** Answers that are not complete, if the connection pipelines. */
  active: Set<ServerResponse>
  waiting: (() => void)[]
}

/**
 * Bounds what one connection holds: a client that pipelines requests, and reads no answer, has a few of them processed and the
 * others wait; a body that was not read before its answer must arrive soon, or the connection is closed. During shutdown, so are
 * connections without a complete request. Registered first: a request that waits is not counted, logged or traced yet.
 */
export default fp((app: FastifyInstance, { incompleteRequestMs }: ServerLimits, done) => {
  const pipelines = new WeakMap<Socket, Pipeline>()
  let waiting = 0

  const resume = (pipeline: Pipeline, socket: Socket): void => {
    while (!socket.destroyed && pipeline.waiting.length > 0 && hasCapacity(pipeline, socket)) {
      waiting--
      pipeline.waiting.shift()?.()
    }
  }
  const create = (socket: Socket, newest: ServerResponse): void => {
    const pipeline: Pipeline = { newest, active: new Set(), waiting: [] }
    pipelines.set(socket, pipeline)
    socket.once('close', () => {
      waiting -= pipeline.waiting.splice(0).length
      pipeline.active.forEach(closeUnsent)
    })
  }
  const track = (pipeline: Pipeline, socket: Socket, response: ServerResponse): void => {
    pipeline.newest = response
    pipeline.active.add(response)
    response.once('close', () => {
      pipeline.active.delete(response)
      if (pipeline.waiting.length > 0) resume(pipeline, socket)
    })
  }
  app.addHook('onRequest', (request, reply, next) => {
    const { raw: { socket } } = request
    const { raw: response } = reply
    // Node still parses what it has read. No answer would be sent, and no event would end the request.
    if (socket.destroyed) return
    const pipeline = pipelines.get(socket)
    if (pipeline === undefined) {
      create(socket, response)
      next()
      return
    }
    const { newest, active } = pipeline
    // Most clients send a request after the answer to the last one: nothing is tracked for them.
    if (active.size === 0 && !newest.closed) track(pipeline, socket, newest)
    if (active.size === 0) {
      pipeline.newest = response
      next()
      return
    }
    const begin = (): void => {
      track(pipeline, socket, response)
      next()
    }
    if (pipeline.waiting.length === 0 && hasCapacity(pipeline, socket)) {
      begin()
      return
    }
    if (waiting >= MAX_WAITING) {
      socket.destroy()
      return
    }
    waiting++
    pipeline.waiting.push(begin)
  })
  // Node considers a connection idle only after its first answer, and stops checking for late headers when the server closes.
  const open = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('preClose', (closed) => {
    setTimeout(() => {
      for (const socket of open) if (!isBusy(pipelines.get(socket))) socket.destroy()
    }, incompleteRequestMs).unref()
    closed()
  })
  app.addHook('onResponse', (request, _reply, next) => {
    requireBody(request.raw, incompleteRequestMs)
    next()
  })
  done()
}, { name: 'connections' })

/** Whether a request of the connection is in progress. */
function isBusy (pipeline: Pipeline | undefined): boolean {
  return pipeline !== undefined && (pipeline.active.size > 0 || !pipeline.newest.closed)
}

function hasCapacity ({ active }: Pipeline, { writableLength }: Socket): boolean {
  if (active.size === 0) return true
  if (active.size >= MAX_ACTIVE) return false
  let unread = writableLength
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

/**
 * Closes the connection of an answered request unless the rest of its body arrives within `ms`: it would hold the connection
 * for as long as the client likes. Until then the body is discarded, so that the client can read the answer first.
 */
export function requireBody (request: IncomingMessage, ms: number): void {
  // Undefined for requests that tests inject without a connection.
  if ((request.complete as boolean | undefined) !== false) return
  const timer = setTimeout(() => request.socket.destroy(), ms)
  request.once('close', () => clearTimeout(timer))
  request.resume()
}
