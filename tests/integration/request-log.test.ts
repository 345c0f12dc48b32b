import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { predict, startApp } from '../support/app.ts'

interface Line { level: number, route: string, statusCode: number, msg: string, key?: string, address?: string, code?: string }

/** A service that logs everything, all its lines, and those of its requests. */
async function startLoggedApp (env: Record<string, string> = {}): Promise<{ app: FastifyInstance, all: () => Line[], lines: () => Line[] }> {
  const written: string[] = []
  const stream = new Writable({ write: (chunk, _encoding, done) => { written.push(String(chunk)); done() } })
  const app = await startApp({ env, logger: pino({ level: 'debug' }, stream) })
  const all = (): Line[] => written.map((line) => JSON.parse(line) as Line)
  return { app, all, lines: () => all().filter(({ msg }) => msg === 'request') }
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

  it('names the key of a request, never the key itself, and has the address and the error code of a refused one', async () => {
    const key = 'a-long-key-that-nobody-guesses'
    const { app, lines } = await startLoggedApp({ API_KEYS: `team-a:${key}` })
    const headers = { authorization: `Bearer ${key}` }
    await app.inject({ method: 'POST', url: '/predict', headers, payload: { text: 'good' } })
    await app.inject({ method: 'POST', url: '/predict', headers: { authorization: 'Bearer a-wrong-key-that-was-guessed' }, payload: { text: 'good' } })
    expect(lines()).toMatchObject([{ statusCode: 200, key: 'team-a' }, { statusCode: 401, address: '127.0.0.1', code: 'UNAUTHORIZED' }])
    expect(lines()[1]).not.toHaveProperty('key')
    expect(JSON.stringify(lines())).not.toMatch(/nobody-guesses|was-guessed/)
  })

  it('has at most 200 lines per ten seconds for refused requests, and then the number of omitted ones by status', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => { vi.useRealTimers() })
    const { app, lines, all } = await startLoggedApp()
    for (let count = 0; count < 250; count++) await app.inject('/nowhere')
    await predict(app, { text: 'good' })
    expect(lines().filter(({ statusCode }) => statusCode === 404)).toHaveLength(200)
    expect(lines().at(-1)).toMatchObject({ statusCode: 200 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(all().at(-1)).toMatchObject({ level: pino.levels.values.warn, omitted: { 404: 50 } })
    await app.inject('/nowhere')
    expect(lines().at(-1)).toMatchObject({ statusCode: 404 })
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
