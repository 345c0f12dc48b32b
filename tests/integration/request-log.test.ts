import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { predict, startApp } from '../support/app.ts'

interface Line { level: number, route: string, statusCode: number, msg: string }

/** A service that logs everything, and the lines of its requests. */
async function startLoggedApp (env: Record<string, string> = {}): Promise<{ app: FastifyInstance, lines: () => Line[] }> {
  const written: string[] = []
  const stream = new Writable({ write: (chunk, _encoding, done) => { written.push(String(chunk)); done() } })
  const app = await startApp({ env, logger: pino({ level: 'debug' }, stream) })
  return { app, lines: () => written.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'request') }
}

describe('the request log', () => {
  it('has one line per request, at debug if answered and at info if rejected, without the URL', async () => {
    const { app, lines } = await startLoggedApp()
    await predict(app, { text: 'good' })
    await predict(app, { text: ' ' })
    await app.inject('/nowhere?secret=1')
    const { debug, info } = pino.levels.values
    expect(lines().map(({ level, route, statusCode }) => [level, route, statusCode])).toEqual([
      [debug, '/predict', 200], [info, '/predict', 422], [info, '(none)', 404]
    ])
    expect(JSON.stringify(lines())).not.toContain('secret')
  })

  it('has a line with status 499 for a client that disconnected', async () => {
    const { app, lines } = await startLoggedApp({ INFERENCE_WORKERS: '1', CACHE_MAX_ENTRIES: '0' })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const client = new AbortController()
    const request = fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts: Array.from({ length: 100 }, (_, index) => `${index} ${'long '.repeat(100)}`) }),
      signal: client.signal
    })
    await vi.waitFor(() => { expect(app.modelManager.requireModel().queue.depth).toBeGreaterThan(0) }, { interval: 1 })
    client.abort()
    await expect(request).rejects.toThrow()
    await vi.waitFor(() => { expect(lines()).toMatchObject([{ level: pino.levels.values.info, route: '/predict', statusCode: 499 }]) })
  })
})
