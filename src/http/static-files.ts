import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { Pacer } from './pacer.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml'
}

/** Content security policy of a page: only files of this service, no inline scripts or styles, and no framing by other pages. */
export const PAGE_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"]
}

/** Answers with a file that start in one tick of the event loop: the kernel takes a millisecond to copy a megabyte. */
const ANSWERS_PER_TICK = 4

interface StaticFile {
  body: Buffer
  etag: string
}

/**
 * Serves the files of a directory, except HTML, below `prefix`. A file is read once and sent from memory: with one stream per request,
 * clients that request large files and do not read them could fill the memory. File names contain no version: with max-age=0 and an
 * ETag, a browser revalidates each time and gets 304 if the file has not changed.
 */
export function serveFiles (app: FastifyInstance, folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    if (extname(name) in TYPES && extname(name) !== '.html') serveFile(app, `${prefix}${name}`, join(folder, name))
  }
}

/** Serves one file at `url`; `schema` is the route's. */
export function serveFile (app: FastifyInstance, url: string, path: string, schema: object = { hide: true }): void {
  const type = TYPES[extname(path)] ?? 'application/octet-stream'
  const pacer = new Pacer(ANSWERS_PER_TICK)
  let file: Promise<StaticFile> | undefined
  app.get(url, { schema }, async (request, reply) => {
    file ??= load(path).catch((error: unknown) => {
      // Not stored: the next request tries again.
      file = undefined
      throw error
    })
    const { body, etag } = await file
    reply.headers({ 'cache-control': 'public, max-age=0', etag })
    if (request.headers['if-none-match']?.includes(etag) === true) return await reply.code(304).send()
    await pacer.next()
    return await reply.type(type).serializer((payload) => payload as string).send(body)
  })
}

async function load (path: string): Promise<StaticFile> {
  const body = await readFile(path)
  return { body, etag: `"${hash('sha1', body, 'hex')}"` }
}
