import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { serveFile } from '../../../src/http/static-files.ts'

it('serves a file that could not be read at its first request', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'static-files-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'page.css')
  const app = Fastify()
  serveFile(app, '/page.css', path)
  expect((await app.inject('/page.css')).statusCode).toBe(500)
  await writeFile(path, 'body { color: teal }')
  expect((await app.inject('/page.css')).body).toBe('body { color: teal }')
})
