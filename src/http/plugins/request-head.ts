import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ValidationError } from '../../errors.ts'

/** Source: RFC 9110, section 7.2, and RFC 3986, section 3.2.2. An IPv6 address is in brackets. */
const HOST = /^(\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(:\d*)?$/i

/**
 * Rejects with problem details what Node accepts, or rejects with an empty answer that no log or metric contains: requests without
 * exactly one valid Host (RFC 9112, section 3.2), and bodies whose end a proxy and this service could interpret differently
 * (section 6.1). Needs the server option `requireHostHeader: false`.
 */
export default fp((app: FastifyInstance, _options, done) => {
  app.addHook('onRequest', ({ raw }, reply, next) => {
    const problem = findProblem(raw)
    if (problem === undefined) {
      next()
      return
    }
    // The bytes that follow may be part of the body.
    void reply.header('connection', 'close')
    throw new ValidationError(problem)
  })
  done()
}, { name: 'request-head', dependencies: ['request-end'] })

function findProblem ({ headers, httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  const { host, 'transfer-encoding': encoding } = headers
  if (host === undefined ? httpVersion !== '1.0' : !HOST.test(host)) {
    return host === undefined ? 'An HTTP/1.1 request must have a Host header' : 'The Host header is invalid'
  }
  if (countHosts(rawHeaders) > 1) return 'A request must have one Host header'
  if (encoding === undefined) return undefined
  if (httpVersion === '1.0') return 'An HTTP/1.0 request must not have Transfer-Encoding'
  return encoding.toLowerCase() === 'chunked' ? undefined : 'Transfer-Encoding must be chunked'
}

/** Names and values alternate in `rawHeaders`. */
function countHosts (rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count
}
