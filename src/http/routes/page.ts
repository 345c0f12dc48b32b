import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import type { FastifyPluginAsync } from 'fastify'
import { PAGE_POLICY, serveFile, serveFiles } from '../static-files.ts'

/** The directory next to both src/ and dist/. */
const PUBLIC = fileURLToPath(new URL('../../../public', import.meta.url))

/** `GET /`: the page. Only its answers have these security headers: those of the API do not need them. */
const pageRoute: FastifyPluginAsync = async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
    // The reverse proxy decides whether TLS is used.
    strictTransportSecurity: false
  })
  serveFiles(app, `${PUBLIC}/assets`, '/assets/')
  serveFile(app, '/', `${PUBLIC}/index.html`, {
    summary: 'The page: enter a text, see the three scores',
    operationId: 'page',
    tags: ['pages'],
    response: { 200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } } }
  })
}

export default pageRoute
