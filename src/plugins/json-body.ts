import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { NotUtf8Error } from '../http/problem.ts'

/** JSON bodies. Fastify's own parser would put U+FFFD where bytes are no UTF-8, and another text would be classified. */
export default fp((app: FastifyInstance, _options, done) => {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, parsed) => {
    if (isUtf8(body)) void parse(request, body.toString('utf8'), parsed)
    else parsed(new NotUtf8Error())
  })
  done()
}, { name: 'json-body' })
