import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { Service } from '../support/service.ts'

const COMMAND = fileURLToPath(new URL('../../dist/cli/predict.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Rows of a table of several blocks: the output is written, and checkpoints are taken, 256 rows at a time. */
const MANY = 2000
/** For waits that depend on other processes: the machine may be busy. */
const PATIENT = { timeout: 120_000, interval: 10 }

const FULL = 'no space left on the device; free some space and run the same command again to resume'

/** Whether this user may mount a small file system, in a namespace of its own. */
const canMount = spawnSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=100k tmpfs /mnt']).status === 0

describe('the predict command', { timeout: 300_000 }, () => {
  let directory: string
  const running = new Set<ChildProcess>()
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'predict-')) })
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  const path = (name: string): string => join(directory, name)
  const read = (name: string) => readFile(path(name), 'utf8')

  /** `input` is all of standard input; with `null` it stays open for `child.stdin`. */
  interface StartOptions { env?: Record<string, string>, input?: string | null, command?: string[] }

  function start (args: string[], { env = {}, input = '', command = [process.execPath, COMMAND] }: StartOptions = {}) {
    const [program = '', ...first] = command
    const child = spawn(program, [...first, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH ?? '', MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, MODEL_DIR: path('models'), ...env }
    })
    running.add(child)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => { output[name] += String(chunk) })
    // The command may end before it has read everything.
    child.stdin.on('error', () => {})
    if (input !== null) child.stdin.end(input)
    const ended = once(child, 'close').then(([code]) => {
      running.delete(child)
      return { code: code as number | null, ...output }
    })
    return { child, ended, output }
  }
  const run = (...parameters: Parameters<typeof start>) => start(...parameters).ended

  /** Rows with quotes, line breaks and empty texts among them. */
  function table (rows: number): string {
    const lines = Array.from({ length: rows }, (_, index) =>
      `${index},"${index % 50 === 7 ? '' : `tweet ${'so '.repeat(index % 30)}${index % 9 === 0 ? 'with ""quotes"", commas\nand lines ' : ''}${index}`}","note, ${index}"\n`)
    return `id,text,note\n${lines.join('')}`
  }

  async function writeTable (name: string, rows: number): Promise<void> {
    await writeFile(path(name), name.endsWith('.gz') ? gzipSync(table(rows)) : table(rows))
  }

  /**
   * Starts a run whose input stays open, and waits until it has left a checkpoint: it cannot end before, however fast the machine
   * is. Returns what was sent.
   */
  async function startUnfinished (output: string, args: string[] = [], options: StartOptions = {}) {
    const { child, ended, output: streams } = start(['-', '--format', 'csv', '--out', output, ...args], { ...options, input: null })
    const whole = table(MANY)
    const half = whole.lastIndexOf('\n1500,') + 1
    child.stdin.write(whole.slice(0, half))
    // A checkpoint is taken with the first block that ends a second after the last one.
    let sent = half
    await vi.waitFor(() => {
      if (sent < whole.length - 1000) child.stdin.write(whole.slice(sent, sent += 1000))
      expect(existsSync(path(`${output}.partial.json`))).toBe(true)
    }, { ...PATIENT, interval: 50 })
    return { child, ended, streams, rest: whole.slice(sent) }
  }

  it('writes the same rows with labels, scores and errors', async () => {
    await writeTable('a.csv', 300)
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
    ['SIGKILL', 'big.scored.csv'],
    ['SIGINT', 'big.scored.csv.gz']
  ] as const)('resumes after %s, and the output is the same to the byte', async (signal, output) => {
    const suffix = output.endsWith('.gz') ? '.gz' : ''
    await writeTable(`big.csv${suffix}`, MANY)
    expect((await run([`big.csv${suffix}`, '--out', `whole.csv${suffix}`])).code).toBe(3)
    const { child, ended } = await startUnfinished(output)
    child.kill(signal)
    expect((await ended).code).toBe(signal === 'SIGKILL' ? null : 130)
    expect(existsSync(path(output))).toBe(false)
    expect(await run([`big.csv${suffix}`])).toMatchObject({ code: 3, stderr: expect.stringMatching(/Resuming after \d+ rows/) })
    expect((await readFile(path(output))).equals(await readFile(path(`whole.csv${suffix}`)))).toBe(true)
    if (suffix !== '') expect(gunzipSync(await readFile(path(output))).toString()).toContain(`\n${MANY - 1},`)
    expect(existsSync(path(`${output}.partial`)) || existsSync(path(`${output}.partial.json`))).toBe(false)
  })

  it('does not resume with another input or other options', async () => {
    const { child, ended } = await startUnfinished('a.scored.csv')
    child.kill('SIGINT')
    await ended
    await writeTable('a.csv', MANY)
    expect(await run(['a.csv', '--column', 'note'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--restart') })
    await writeFile(path('a.csv'), (await read('a.csv')).replace('tweet', 'other'))
    expect(await run(['a.csv'])).toMatchObject({ code: 1, stderr: expect.stringContaining('of the input differ') })
    expect((await run(['a.csv', '--restart'])).code).toBe(3)
  })

  it('does not write an output that another run is writing', async () => {
    await startUnfinished('a.scored.csv')
    await writeTable('a.csv', 10)
    expect(await run(['a.csv'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Another run is writing') })
  })

  it('stops immediately on Ctrl-C while it waits for more input', async () => {
    const { child, ended } = await startUnfinished('a.scored.csv')
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('the same command resumes the run') })
  })

  it('reads plain lines, TSV and NDJSON without loss', async () => {
    const lines = await run(['-', '--format', 'lines'], { input: 'one\r\n\ntwo' })
    expect((parse(lines.stdout) as string[][]).map((row) => [row[0], row.at(-1)])).toEqual([['text', 'error'], ['one', ''], ['', 'EMPTY_TEXT'], ['two', '']])
    const tsv = await run(['-', '--format', 'tsv', '--column', '2', '--no-header'], { input: '1\t"half a quote\n2\tb\n' })
    expect(tsv.stdout.split('\n').map((line) => line.split('\t').slice(0, 2))).toEqual([['1', '"half a quote'], ['2', 'b'], ['']])
    const json = await run(['-', '--format', 'ndjson'], { input: '{"text":"a","n":12345678901234567890}\n"b"\n{oops\n{}\n' })
    const [first, second, third, fourth] = json.stdout.split('\n')
    expect(first).toMatch(/^\{"text":"a","n":12345678901234567890,"label":"\w+","score_negative":[\d.e-]+,.*\}$/)
    expect(JSON.parse(second as string)).toMatchObject({ text: 'b', label: expect.any(String) })
    expect(JSON.parse(third as string)).toEqual({ raw: '{oops', error: 'NOT_JSON' })
    expect(JSON.parse(fourth as string)).toEqual({ error: 'NO_TEXT' })
    expect(await run(['-', '--format', 'ndjson'], { input: '{"review":"good"}' })).toMatchObject({ code: 3, stderr: expect.stringContaining('No row could be scored; the output has the reasons. The text is read from "text": --column') })
  })

  it.each<[string, string, string[], number, string]>([
    ['an unknown column', 'id,tweet\n1,a\n', [], 2, 'There is no column "text"; the columns, separated by commas, are "id", "tweet"'],
    ['a column that exists already', 'text,label\na,b\n', [], 2, '--prefix'],
    ['a row with too many cells', 'id,text\n1,a\n2,b,c\n', [], 1, 'Line 3 has 3 cells and the first row 2'],
    ['a quote that is never closed', 'id,text\n1,"a\n', [], 1, 'Line 2: a quoted cell is not closed'],
    ['another encoding', 'latin', [], 1, 'not valid UTF-8'],
    ['an unknown option', 'text\na\n', ['--colunm', 'x'], 2, '--colunm']
  ])('rejects %s with one line', async (_case, content, args, code, message) => {
    await writeFile(path('a.csv'), content === 'latin' ? Buffer.from('text\ncaf\xe9\n', 'latin1') : content)
    expect(await run(['a.csv', ...args])).toMatchObject({ code, stderr: expect.stringContaining(message) })
    expect(existsSync(path('a.scored.csv'))).toBe(false)
  })

  it('reports which model is used if the requested one is not on this machine', async () => {
    const { stderr, code } = await run(['-', '--format', 'lines'], { input: 'good', env: { MODEL_NAME: 'owner/model' } })
    expect(stderr).toContain('owner/model is not on this machine: compact')
    expect(code).toBe(0)
  })

  it('resolves paths against the folder in which npm was called', async () => {
    await mkdir(path('data'))
    await writeTable('data/a.csv', 10)
    const command = ['npm', '--prefix', ROOT, 'run', '--silent', 'predict', '--']
    const env = { HOME: directory, npm_config_update_notifier: 'false' }
    expect((await run(['data/a.csv'], { command, env })).code).toBe(3)
    expect(existsSync(path('data/a.scored.csv'))).toBe(true)
    expect((await run(['a.csv', '--out', '../own.csv'], { command: ['sh', '-c', 'cd data && exec "$@"', 'sh', ...command], env })).code).toBe(3)
    expect(await read('own.csv')).toBe(await read('data/a.scored.csv'))
  })

  it.runIf(existsSync('/dev/full'))('ends with one line if standard output is on a full disk', async () => {
    await writeTable('a.csv', 300)
    expect(await run([], { command: ['sh', '-c', '"$@" a.csv --out - > /dev/full', 'sh', process.execPath, COMMAND] }))
      .toMatchObject({ code: 1, stderr: `Cannot write standard output: ${FULL}\n` })
  })

  it.runIf(canMount).each([
    ['before the first block of rows is written, and starts over', ['8k'], /^900 rows are in/],
    // A block of rows takes six pages of 4 KB: with one of these sizes none is left for the first checkpoint.
    ['after the first block, and resumes', ['44k', '48k', '52k', '56k', '60k', '64k'], /^Resuming after \d+ rows$/]
  ])('ends with one line if the disk of the output is full %s when there is free space (needs unshare)', async (_when, sizes, next) => {
    await Promise.all([writeTable('a.csv', 900), mkdir(path('small'))])
    expect((await run(['a.csv', '--out', 'whole.csv'])).code).toBe(3)
    for (const size of sizes) {
      const script = `mount -t tmpfs -o size=${size} tmpfs small
        "$@" a.csv --out small/out.csv; echo "exit $?"
        mount -o remount,size=10m small
        "$@" a.csv --out small/out.csv; echo "exit $?"
        cp small/out.csv out.csv`
      const { stdout, stderr } = await run([], { command: ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', process.execPath, COMMAND] })
      expect(stdout).toBe('exit 1\nexit 3\n')
      // A slow machine reports its progress as well.
      expect(stderr.split('\n').filter((line) => !line.endsWith(' rows/s')).slice(0, 2)).toEqual([`Cannot write small/out.csv: ${FULL}`, expect.stringMatching(next)])
      expect(await read('out.csv')).toBe(await read('whole.csv'))
    }
  })

  it.runIf(process.platform === 'linux')('reads a line of 400 MB in a small gzip file as one row with an error, in bounded memory', async () => {
    const gzip = spawn('sh', ['-c', '(echo text; head -c 400000000 /dev/zero | tr "\\0" a; echo; echo good) | gzip -1 > bomb.csv.gz'], { cwd: directory })
    await once(gzip, 'close')
    const { child, ended } = start(['bomb.csv.gz'])
    let peak = 0
    const timer = setInterval(() => {
      const resident = /VmHWM:\s+(\d+)/.exec(existsSync(`/proc/${child.pid}/status`) ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '')
      peak = Math.max(peak, Number(resident?.[1] ?? 0) / 1024)
    }, 20)
    expect((await ended).code).toBe(3)
    clearInterval(timer)
    expect((parse(gunzipSync(await readFile(path('bomb.scored.csv.gz')))) as string[][]).map((cells) => cells.at(-1))).toEqual(['error', 'LINE_TOO_LONG', ''])
    expect(peak > 50 && peak < 500, `${peak} MB`).toBe(true)
  })

  it('uses a running service, with its key, and resumes when the service was away', async () => {
    const tiny = { MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA, API_KEYS: 'a-secret-key-of-some-length' }
    const service = await Service.start(tiny)
    await vi.waitFor(async () => { expect((await service.get('/health')).status).toBe(200) }, PATIENT)
    const url = `http://127.0.0.1:${service.port}`
    await writeTable('a.csv', MANY)
    expect(await run(['a.csv', '--url', url])).toMatchObject({ code: 1, stderr: expect.stringContaining('API_KEY') })
    const { child, ended, streams, rest } = await startUnfinished('remote.csv', ['--url', url], { env: { API_KEY: tiny.API_KEYS } })
    service.signal('SIGTERM')
    expect(await service.exited()).toBe(0)
    child.stdin.end(rest)
    await vi.waitFor(() => { expect(streams.stderr).toContain('retrying in') }, PATIENT)
    const again = await Service.start({ ...tiny, API_PORT: String(service.port) })
    expect(await ended).toMatchObject({ code: 3 })
    again.signal('SIGTERM')
    await again.exited()
    expect((await run(['a.csv', '--out', 'own.csv'])).code).toBe(3)
    expect(await read('remote.csv')).toBe(await read('own.csv'))
  })
})
