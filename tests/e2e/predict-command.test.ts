import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { Service } from '../support/service.ts'

const COMMAND = fileURLToPath(new URL('../../dist/cli/predict.js', import.meta.url))
/** Rows of a run that lasts for some checkpoints, one a second. */
const MANY = 20_000

describe('the predict command', () => {
  let directory: string
  const running = new Set<ChildProcess>()
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'predict-')) })
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  const path = (name: string): string => join(directory, name)
  const read = (name: string) => readFile(path(name), 'utf8')

  function start (args: string[], { env = {}, input }: { env?: Record<string, string>, input?: string } = {}) {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH ?? '', MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, MODEL_DIR: path('models'), ...env }
    })
    running.add(child)
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => { output.stdout += String(chunk) })
    child.stderr.on('data', (chunk) => { output.stderr += String(chunk) })
    child.stdin.end(input)
    const ended = once(child, 'close').then(([code]) => {
      running.delete(child)
      return { code: code as number | null, ...output }
    })
    return { child, ended }
  }
  const run = (...parameters: Parameters<typeof start>) => start(...parameters).ended

  /** Rows with quotes, line breaks and empty texts among them. */
  async function table (name: string, rows: number): Promise<void> {
    const lines = Array.from({ length: rows }, (_, index) =>
      `${index},"${index % 50 === 7 ? '' : `tweet ${'so '.repeat(index % 30)}${index % 9 === 0 ? 'with ""quotes"", commas\nand lines ' : ''}${index}`}","note, ${index}"\n`)
    const text = `id,text,note\n${lines.join('')}`
    await writeFile(path(name), name.endsWith('.gz') ? gzipSync(text) : text)
  }

  it('writes the same rows with label, scores and what was wrong', async () => {
    await table('a.csv', 300)
    const { code, stderr } = await run(['a.csv'])
    expect(stderr).toContain('300 rows are in a.scored.csv, 6 with an error')
    expect(code).toBe(3)
    const before = parse(await read('a.csv'), { columns: true }) as Record<string, string>[]
    const after = parse(await read('a.scored.csv'), { columns: true }) as Record<string, string>[]
    expect(Object.keys(after[0] as object)).toEqual(['id', 'text', 'note', 'label', 'score_negative', 'score_neutral', 'score_positive', 'error'])
    expect(after.map(({ id, text, note }) => ({ id, text, note }))).toEqual(before)
    for (const { text, label, error, ...rest } of after) {
      expect(error).toBe(text === '' ? 'EMPTY_TEXT' : '')
      expect(label).toBe(text === '' ? '' : ['negative', 'neutral', 'positive'].sort((a, b) => Number(rest[`score_${b}`]) - Number(rest[`score_${a}`]))[0])
    }
  })

  it.each([
    ['SIGKILL', 'big.csv', 'big.scored.csv'],
    ['SIGINT', 'big.csv.gz', 'big.scored.csv.gz']
  ] as const)('after %s goes on where it was, and the output is the same to the byte', async (signal, input, output) => {
    await table(input, MANY)
    expect((await run([input, '--out', `whole.${output}`])).code).toBe(3)
    const { child, ended } = start([input])
    await vi.waitFor(() => { expect(existsSync(path(`${output}.partial.json`))).toBe(true) }, { timeout: 30_000, interval: 5 })
    child.kill(signal)
    expect((await ended).code).toBe(signal === 'SIGKILL' ? null : 130)
    expect(existsSync(path(output))).toBe(false)
    const resumed = await run([input])
    expect(resumed.stderr).toMatch(/Going on after \d+ rows/)
    expect(resumed.code).toBe(3)
    expect((await readFile(path(output))).equals(await readFile(path(`whole.${output}`)))).toBe(true)
    if (output.endsWith('.gz')) expect(gunzipSync(await readFile(path(output))).toString()).toContain(`\n${MANY - 1},`)
    expect(existsSync(path(`${output}.partial`)) || existsSync(path(`${output}.partial.json`))).toBe(false)
  })

  it('does not go on with another input, nor with another model', async () => {
    await table('a.csv', MANY)
    const { child, ended } = start(['a.csv'])
    await vi.waitFor(() => { expect(existsSync(path('a.scored.csv.partial.json'))).toBe(true) }, { timeout: 30_000, interval: 5 })
    child.kill('SIGINT')
    await ended
    expect(await run(['a.csv', '--column', 'note'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--restart') })
    await writeFile(path('a.csv'), (await read('a.csv')).replace('tweet', 'other'))
    expect(await run(['a.csv'])).toMatchObject({ code: 1, stderr: expect.stringContaining('are not those that') })
    expect((await run(['a.csv', '--restart'])).code).toBe(3)
  })

  it('refuses to write where another run is writing', async () => {
    await table('a.csv', MANY)
    const { child } = start(['a.csv'])
    await vi.waitFor(() => { expect(existsSync(path('a.scored.csv.partial.json'))).toBe(true) }, { timeout: 30_000, interval: 5 })
    child.kill('SIGSTOP')
    child.kill('SIGCONT')
    const second = await run(['a.csv'])
    expect(second).toMatchObject({ code: 2, stderr: expect.stringMatching(/Another run is writing|is there already/) })
  })

  it('takes plain lines, TSV and NDJSON, and loses nothing of them', async () => {
    const lines = await run(['-', '--format', 'lines'], { input: 'one\r\n\ntwo' })
    expect(lines.code).toBe(3)
    expect((parse(lines.stdout) as string[][]).map((row) => [row[0], row.at(-1)])).toEqual([['text', 'error'], ['one', ''], ['', 'EMPTY_TEXT'], ['two', '']])
    const tsv = await run(['-', '--format', 'tsv', '--column', '2', '--no-header'], { input: '1\t"half a quote\n2\tb\n' })
    expect(tsv.stdout.split('\n').map((line) => line.split('\t').slice(0, 2))).toEqual([['1', '"half a quote'], ['2', 'b'], ['']])
    const json = await run(['-', '--format', 'ndjson'], { input: '{"text":"a","n":12345678901234567890}\n"b"\n{oops\n{}\n' })
    const [first, second, third, fourth] = json.stdout.split('\n')
    expect(first).toMatch(/^\{"text":"a","n":12345678901234567890,"label":"\w+","score_negative":[\d.e-]+,.*\}$/)
    expect(JSON.parse(second as string)).toMatchObject({ text: 'b', label: expect.any(String) })
    expect(JSON.parse(third as string)).toEqual({ raw: '{oops', error: 'NOT_JSON' })
    expect(JSON.parse(fourth as string)).toEqual({ error: 'NO_TEXT' })
  })

  it.each<[string, string, string[], number, string]>([
    ['an unknown column', 'id,tweet\n1,a\n', [], 2, 'There is no column "text"; the columns are "id", "tweet"'],
    ['a column that is there already', 'text,label\na,b\n', [], 2, '--prefix'],
    ['a row with too many fields', 'id,text\n1,a\n2,b,c\n', [], 1, 'Line 3 has 3 fields, and the first 2'],
    ['a quote that never ends', 'id,text\n1,"a\n', [], 1, 'not CSV as it should be'],
    ['another encoding', 'latin', [], 1, 'is not UTF-8'],
    ['an option that there is not', 'text\na\n', ['--colunm', 'x'], 2, '--colunm']
  ])('says what is wrong with %s', async (_case, content, args, code, message) => {
    await writeFile(path('a.csv'), content === 'latin' ? Buffer.from('text\ncaf\xe9\n', 'latin1') : content)
    expect(await run(['a.csv', ...args])).toMatchObject({ code, stderr: expect.stringContaining(message) })
    expect(existsSync(path('a.scored.csv'))).toBe(false)
  })

  it('says which model answers where the one asked for is not there', async () => {
    const { stderr, code } = await run(['-', '--format', 'lines'], { input: 'good', env: { MODEL_NAME: 'owner/model' } })
    expect(stderr).toContain('owner/model is not on this machine: compact')
    expect(code).toBe(0)
  })

  it('asks a running service, with its key, and goes on when the service was away', async () => {
    const tiny = { MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, API_KEYS: 'a-secret-key-of-some-length' }
    const service = await Service.start(tiny)
    // An open route tells when it is there.
    await vi.waitFor(async () => { expect((await service.get('/health')).status).toBe(200) }, { timeout: 60_000, interval: 25 })
    const url = `http://127.0.0.1:${service.port}`
    await table('a.csv', MANY)
    expect(await run(['a.csv', '--url', url])).toMatchObject({ code: 1, stderr: expect.stringContaining('API_KEY') })
    const env = { API_KEY: tiny.API_KEYS }
    const { child, ended } = start(['a.csv', '--url', url], { env })
    let stderr = ''
    child.stderr?.on('data', (chunk) => { stderr += String(chunk) })
    await vi.waitFor(() => { expect(existsSync(path('a.scored.csv.partial.json'))).toBe(true) }, { timeout: 30_000, interval: 5 })
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(0)
    await vi.waitFor(() => { expect(stderr).toContain('trying again') })
    const again = await Service.start({ ...tiny, API_PORT: String(service.port) })
    const result = await ended
    expect(result.code, result.stderr).toBe(3)
    again.signal('SIGTERM')
    await again.exited()
    expect((await run(['a.csv', '--out', 'own.csv'])).code).toBe(3)
    expect(await read('a.scored.csv')).toBe(await read('own.csv'))
  })
})
