import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ScoringError } from '../../../src/cli/predict/errors.ts'
import { remoteScorer } from '../../../src/cli/predict/remote.ts'
import { groupRows, type Row, type ScoredRow } from '../../../src/cli/predict/rows.ts'
import { RecordingProxy } from '../../support/recording-proxy.ts'
import { LABELS } from './support.ts'

const INFO = { model_id: 'compact', model_sha: 'abc', model_dtype: 'q8', labels: LABELS }
const ANSWER = { label: 'positive', scores: { negative: 0.25, positive: 0.75 }, model: 'compact' }

/** A stand-in for a service: `info` is the body of GET /info, and `stream` answers POST /predict. */
async function serve (info: unknown, stream: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/info') response.end(typeof info === 'string' ? info : JSON.stringify(info))
    else stream(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers each line with what `answer` returns for its text. */
const answerWith = (answer: (text: string) => unknown) => (request: IncomingMessage, response: ServerResponse): void => {
  createInterface({ input: request })
    .on('line', (line) => {
      const value = answer(JSON.parse(line) as string)
      response.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    })
    .on('close', () => response.end())
}

async function score (url: string, rows: readonly Row[], reports: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ScoredRow[]> {
  const scorer = await remoteScorer(url, env, (line) => reports.push(line))
  const scored: ScoredRow[] = []
  async function * source (): AsyncGenerator<Row, void> { yield * await Promise.resolve(rows) }
  for await (const group of scorer.score(groupRows(source()), new AbortController().signal)) scored.push(...group)
  return scored
}

const createRows = (count: number, error?: string): Row[] => Array.from({ length: count }, (_, index) => ({ raw: `${index}`, text: `${index}`, ...(error !== undefined && { error }) }))

describe('remoteScorer', () => {
  it('returns every row with its answer, in order', async () => {
    const url = await serve(INFO, answerWith((text) => text === '3' ? { code: 'TEXT_TOO_LONG', detail: 'too long' } : ANSWER))
    const scored = await score(url, createRows(500))
    expect(scored.map(({ row }) => row.raw)).toEqual(createRows(500).map(({ raw }) => raw))
    expect(scored[3]?.result).toEqual({ error: 'TEXT_TOO_LONG' })
    expect(scored[4]?.result).toMatchObject({ label: 'positive', scores: ANSWER.scores })
  })

  it('finishes if thousands of rows in a row have an error of their own', async () => {
    const url = await serve(INFO, answerWith((text) => text === '' ? { code: 'EMPTY_TEXT' } : ANSWER))
    const scored = await score(url, [...createRows(2), ...createRows(3000, 'NOT_JSON'), ...createRows(2)])
    expect(scored).toHaveLength(3004)
    expect(scored.filter(({ result }) => 'error' in result && result.error === 'NOT_JSON')).toHaveLength(3000)
  })

  it('sends the rows again that an interrupted connection left unanswered', async () => {
    let connections = 0
    const url = await serve(INFO, (request, response) => {
      if (++connections > 2) answerWith(() => ANSWER)(request, response)
      else createInterface({ input: request }).once('line', () => { response.write(`${JSON.stringify(ANSWER)}\n`, () => request.socket.destroy()) })
    })
    const reports: string[] = []
    expect((await score(url, createRows(300), reports)).map(({ row }) => row.raw)).toEqual(createRows(300).map(({ raw }) => raw))
    expect(reports.join()).toContain('The connection was interrupted')
  })

  it('returns the rows before a failure of the input, and then throws that failure', async () => {
    const url = await serve(INFO, answerWith(() => ANSWER))
    const scorer = await remoteScorer(url, {}, () => {})
    async function * source (): AsyncGenerator<Row[], void> {
      yield await Promise.resolve(createRows(10))
      throw new Error('Line 12 is damaged')
    }
    const scored: ScoredRow[] = []
    const scoring = (async () => { for await (const group of scorer.score(source(), new AbortController().signal)) scored.push(...group) })()
    await expect(scoring).rejects.toThrow('Line 12 is damaged')
    expect(scored).toHaveLength(10)
  })

  it.each<[string, unknown]>([
    ['no JSON', '<html>'],
    ['no labels', { ...INFO, labels: [] }],
    ['labels that are no strings', { ...INFO, labels: [1] }],
    ['a label that starts a formula', { ...INFO, labels: ['=1+1', 'b'] }],
    ['a label with a control character', { ...INFO, labels: ['a\u001b[2J', 'b'] }],
    ['a body without end', `[${'"x",'.repeat(1e6)}`]
  ])('refuses a description of the service with %s', async (_name, info) => {
    await expect(score(await serve(info, answerWith(() => ANSWER)), createRows(1))).rejects.toThrow(ScoringError)
  })

  it.each<[string, unknown]>([
    ['no JSON', 'oops'],
    ['a label that the service does not have', { ...ANSWER, label: 'other' }],
    ['a score missing', { ...ANSWER, scores: { positive: 1 } }],
    ['a score that is no number', { ...ANSWER, scores: { negative: '=1+1', positive: 1 } }],
    ['a score beyond 1', { ...ANSWER, scores: { negative: 1e300, positive: 1 } }],
    ['a code that is no code', { code: '=HYPERLINK("x")' }],
    ['a very long line', `"${'x'.repeat(100_000)}"`],
    ['another model', { ...ANSWER, model: 'other' }]
  ])('refuses an answer with %s', async (_name, answer) => {
    await expect(score(await serve(INFO, answerWith(() => answer)), createRows(1))).rejects.toThrow(ScoringError)
  })

  it('does not follow a redirect, which would receive the key', async () => {
    let redirected = false
    const target = await serve(INFO, () => { redirected = true })
    const server = createServer((_request, response) => response.writeHead(302, { location: `${target}/info` }).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => { server.close() })
    await expect(score(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, createRows(1))).rejects.toThrow(ScoringError)
    expect(redirected).toBe(false)
  })

  describe('with HTTP_PROXY', () => {
    let proxy: RecordingProxy
    beforeEach(async () => { proxy = await RecordingProxy.start() })
    afterEach(() => proxy.close())

    it('sends every request through the proxy, and the answers arrive while texts are sent', async () => {
      const url = await serve(INFO, answerWith(() => ANSWER))
      const env = { HTTP_PROXY: `http://user:secret@${proxy.address}`, API_KEY: 'a-key' }
      expect(await score(url, createRows(3000), [], env)).toHaveLength(3000)
      expect(proxy.requests).toEqual([`GET ${url}/info`, `POST ${url}/predict`])
      expect(proxy.credentials).toEqual(['user:secret', 'user:secret'])
    })

    it('sends no request through the proxy to a host in NO_PROXY', async () => {
      const url = await serve(INFO, answerWith(() => ANSWER))
      expect(await score(url, createRows(3), [], { HTTP_PROXY: proxy.address, NO_PROXY: '127.0.0.1' })).toHaveLength(3)
      expect(proxy.requests).toEqual([])
    })

    it('opens a tunnel to a service with https', async () => {
      await expect(score('https://sentiment.invalid', createRows(1), [], { HTTPS_PROXY: proxy.address })).rejects.toThrow('Cannot reach https://sentiment.invalid')
      expect(proxy.requests).toEqual(['CONNECT sentiment.invalid:443'])
    })

    it('names a proxy whose address is invalid, without its password', async () => {
      const url = await serve(INFO, answerWith(() => ANSWER))
      const scoring = score(url, createRows(1), [], { HTTP_PROXY: 'http://user:secret@proxy:port' })
      await expect(scoring).rejects.toThrow(new ScoringError('HTTP_PROXY is not a valid URL'))
    })
  })
})
