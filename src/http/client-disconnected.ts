import type { FastifyReply } from 'fastify'

/** The caller closed the connection before its answer was sent. Nobody is there to read this error. */
export class ClientDisconnectedError extends Error {
  constructor () {
    super('The client closed the connection')
    this.name = 'ClientGoneError'
  }
}

/** A signal that aborts when the connection closes before the answer is sent. */
export function clientDisconnected (reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const { raw } = reply
  if (raw.destroyed) controller.abort(new ClientDisconnectedError())
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new ClientDisconnectedError())
  })
  return controller.signal
}
