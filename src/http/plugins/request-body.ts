import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ContentEncodingError, ValidationError } from '../../errors.ts'

/**
 * What every body must be: sent as it is, and UTF-8 where it is JSON. Fastify's own parser would put U+FFFD where bytes are
 * no UTF-8, and another text would be classified.
 */
export default fp((app: FastifyInstance, _options, done) => {
  // Before the body is read, lines included: compressed ones would each be told to be no JSON.
  app.addHook('preParsing', ({ method, headers }, _reply, _payload, next) => {
    const { 'content-encoding': encoding = 'identity' } = headers
    if (method === 'POST' && encoding.toLowerCase() !== 'identity') next(new ContentEncodingError())
    else next()
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, parsed) => {
    if (isUtf8(body)) void parse(request, body.toString('utf8'), parsed)
    else parsed(new ValidationError('The body is not valid UTF-8'))
  })
  done()
}, { name: 'request-body', dependencies: ['errors'] })
