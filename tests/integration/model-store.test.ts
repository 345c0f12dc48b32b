import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { resolveModel } from '../../src/models/catalog.ts'
import { ModelStore, type ModelStoreOptions } from '../../src/models/store.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { captureLogger } from '../support/capture-logger.ts'
import { HubServer } from '../support/hub-server.ts'

const REPO = 'test/tiny-roberta'
const WEIGHTS = 'onnx/model_quantized.onnx'
const spec = resolveModel(REPO, 'main', 'q8')

/** Swaps the ids of the first two entries of the vocabulary that have equally many digits. */
function swapTwoIds (content: Buffer): Buffer {
  const entries = [...content.toString().matchAll(/"([^"\\]+)": ?(1\d)(?=[,\n}])/g)]
  const [first, second] = [entries[0] as RegExpExecArray, entries[1] as RegExpExecArray]
  for (const [to, from] of [[first, second], [second, first]] as const) content.write(from[2] as string, to.index + to[0].length - 2)
  return content
}

describe('ModelStore', () => {
  let hub: HubServer
  let directory: string
  let logger = captureLogger()
  beforeEach(async () => {
    logger = captureLogger()
    hub = await HubServer.start(TINY_ROBERTA, REPO)
    directory = await mkdtemp(join(tmpdir(), 'models-'))
  })
  afterEach(async () => {
    await hub.close()
    await rm(directory, { recursive: true })
  })

  const create = (options: Partial<ModelStoreOptions> = {}): ModelStore => new ModelStore({
    directory, embeddedDirectory: TINY_ROBERTA, endpoint: hub.url, logger, retry: { attempts: 3, baseMs: 1, maxMs: 5 }, stallMs: 5_000, ...options
  })
  const weightsOf = (model: { directory: string }) => readFile(join(model.directory, WEIGHTS))
  const original = () => readFile(join(TINY_ROBERTA, WEIGHTS))

  it('downloads a model completely, and makes no request the second time', async () => {
    const model = await create().ensure(spec)
    expect(await weightsOf(model)).toEqual(await original())
    expect(await create().verify(spec)).toEqual(expect.arrayContaining([{ file: WEIGHTS, bytes: expect.any(Number), status: 'ok' }]))
    hub.requests.length = 0
    expect(await create().ensure(spec)).toEqual(model)
    expect(hub.requests).toEqual([])
    expect((await readdir(join(model.directory, 'onnx'))).filter((name) => name.includes('.part'))).toEqual([])
  })

  it('finds no model in an empty directory, and makes no request', async () => {
    expect(await create().find(spec)).toBeUndefined()
    expect(hub.requests).toEqual([])
  })

  it('resumes a download whose connection was closed halfway', async () => {
    hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    expect(hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('resumes the download of a process that gave up', async () => {
    hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    await expect(create({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } }).ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    expect(hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('waits for a slow hub and reconnects to one that stalls', async () => {
    hub.fail('tokenizer.json', { kind: 'slow', times: 1 })
    hub.fail(WEIGHTS, { kind: 'stall', times: 1 })
    expect(await weightsOf(await create({ stallMs: 300 }).ensure(spec))).toEqual(await original())
  })

  it('retries after status 503', async () => {
    hub.fail('config.json', { kind: 'status', status: 503, times: 2 })
    await create().ensure(spec)
    expect(hub.requestsFor('config.json')).toHaveLength(3)
  })

  it('reports a hub that keeps failing', async () => {
    hub.fail('config.json', { kind: 'status', status: 503 })
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringContaining('status 503') })
  })

  it('reports a hub that refuses connections', async () => {
    await hub.close()
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringMatching(/ECONNREFUSED.*MODEL_FALLBACK=compact/) })
    hub = await HubServer.start(TINY_ROBERTA, REPO)
  })

  it('reports a missing repository at once, with its name and the remedy', async () => {
    const unknown = resolveModel('test/nothing', 'main', 'q8')
    await expect(create().ensure(unknown)).rejects.toMatchObject({ name: 'ModelNotFoundError', message: expect.stringMatching(/test\/nothing.*Check MODEL_NAME/) })
    expect(hub.requests).toHaveLength(1)
  })

  it('sends the token to the hub and to no other origin', async () => {
    hub.token = 'hf_secret'
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'ModelAccessError', message: expect.stringContaining('Set HF_TOKEN') })
    const elsewhere = await HubServer.start(TINY_ROBERTA, 'unused/unused')
    await create({ token: 'hf_secret' }).ensure(spec)
    expect(elsewhere.requests).toEqual([])
    expect(logger.lines.join()).not.toContain('hf_secret')
    await elsewhere.close()
  })

  it('downloads a file again that arrived damaged and gives up on the second failure', async () => {
    hub.fail(WEIGHTS, { kind: 'damage', times: 1 })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    await rm(directory, { recursive: true })
    hub.fail(WEIGHTS, { kind: 'damage' })
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'DamagedModelError' })
    expect(await create().find(spec)).toBeUndefined()
  })

  it.each([
    ['weights', WEIGHTS, (content: Buffer) => content.fill(0, 100, 200)],
    ['a tokenizer with two ids swapped', 'tokenizer.json', swapTwoIds],
    ['a config with another label order', 'config.json', (content: Buffer) => Buffer.from(content.toString().replace(/"0"(.*)"1"/s, '"1"$1"0"'))]
  ])('detects %s of unchanged size, renames the file and downloads it again', async (_what, file, change) => {
    const model = await create().ensure(spec)
    const path = join(model.directory, file)
    const published = await readFile(path)
    const changed = change(Buffer.from(published))
    expect(changed.length).toBe(published.length)
    expect(changed.equals(published)).toBe(false)
    await writeFile(path, changed)
    expect(await create().verify(spec)).toContainEqual(expect.objectContaining({ file, status: 'damaged' }))
    expect(await create().find(spec)).toBeUndefined()
    hub.requests.length = 0
    expect(await create().ensure(spec)).toEqual(model)
    expect(await readFile(path)).toEqual(published)
    expect(await readFile(`${path}.damaged`)).toEqual(changed)
    for (const other of ['config.json', 'tokenizer.json', WEIGHTS].filter((name) => name !== file)) expect(hub.requestsFor(other)).toEqual([])
  })

  it('never renames a file whose hash is not recorded', async () => {
    const byHand = join(directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    await writeFile(join(byHand, WEIGHTS), 'these are no weights')
    expect(await create().ensure(spec)).toMatchObject({ directory: byHand })
    expect((await readdir(byHand, { recursive: true })).filter((name) => name.includes('damaged'))).toEqual([])
  })

  it('gives a model the same digest in any directory, and another one if any byte changes', async () => {
    const { digest } = await create().ensure(spec)
    const byHand = join(directory, 'copy', REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    const copies = create({ directory: join(directory, 'copy') })
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await copies.find(spec)).toMatchObject({ digest })
    await writeFile(join(byHand, 'config.json'), `${await readFile(join(byHand, 'config.json'), 'utf8')} `)
    expect((await copies.find(spec))?.digest).not.toBe(digest)
  })

  it('downloads each file once for concurrent callers', async () => {
    await Promise.all([create().ensure(spec), create().ensure(spec), create().ensure(spec)])
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1)
  })

  it('accepts files that were copied by hand, but not a git-lfs pointer', async () => {
    const byHand = join(directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    expect(await create().find(spec)).toMatchObject({ directory: byHand })
    await writeFile(join(byHand, WEIGHTS), 'version https://git-lfs.github.com/spec/v1\n')
    expect(await create().find(spec)).toBeUndefined()
  })

  it('stops a download when its signal aborts', async () => {
    hub.fail(WEIGHTS, { kind: 'stall' })
    const stop = new AbortController()
    const download = create().ensure(spec, stop.signal)
    const outcome = expect(download).rejects.toThrow('enough')
    await vi.waitFor(() => { expect(hub.bytesSent).toBeGreaterThan(30_000) }, { timeout: 20_000 })
    stop.abort(new Error('enough'))
    await outcome
  })
})

describe('resolveModel', () => {
  it('maps a model name to the repository with its ONNX files', () => {
    expect(resolveModel('cardiffnlp/twitter-roberta-base-sentiment-latest', 'main', 'q8').repo).toBe('Xenova/twitter-roberta-base-sentiment-latest')
  })

  it.each(['../../etc/passwd', 'a/b/c', 'a b', '', '/etc', 'a/..'])('rejects %j as a model id', (name) => {
    expect(() => resolveModel(name, 'main', 'q8')).toThrow(RangeError)
  })
})
