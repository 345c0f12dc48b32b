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

  it('downloads a model, whole, and asks the hub for nothing the second time', async () => {
    const model = await create().ensure(spec)
    expect(await weightsOf(model)).toEqual(await original())
    expect(await create().verify(spec)).toEqual(expect.arrayContaining([{ file: WEIGHTS, bytes: expect.any(Number), status: 'ok' }]))
    hub.requests.length = 0
    expect(await create().ensure(spec)).toEqual(model)
    expect(hub.requests).toEqual([])
    expect((await readdir(join(model.directory, 'onnx'))).filter((name) => name.includes('.part'))).toEqual([])
  })

  it('finds nothing on an empty disk, without asking the hub', async () => {
    expect(await create().find(spec)).toBeUndefined()
    expect(hub.requests).toEqual([])
  })

  it('goes on where a download was cut at half', async () => {
    hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    expect(hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('goes on in a new process where the one before gave up', async () => {
    hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    await expect(create({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } }).ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    expect(hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('waits for a slow hub, and leaves one that stalls to try again', async () => {
    hub.fail('tokenizer.json', { kind: 'slow', times: 1 })
    hub.fail(WEIGHTS, { kind: 'stall', times: 1 })
    expect(await weightsOf(await create({ stallMs: 300 }).ensure(spec))).toEqual(await original())
  })

  it('tries again after 503', async () => {
    hub.fail('config.json', { kind: 'status', status: 503, times: 2 })
    await create().ensure(spec)
    expect(hub.requestsFor('config.json')).toHaveLength(3)
  })

  it('says so when the hub goes on failing', async () => {
    hub.fail('config.json', { kind: 'status', status: 503 })
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringContaining('status 503') })
  })

  it('says so when nothing listens there', async () => {
    await hub.close()
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringMatching(/ECONNREFUSED.*MODEL_FALLBACK=compact/) })
    hub = await HubServer.start(TINY_ROBERTA, REPO)
  })

  it('says at once what is not there, naming the repository and what to do', async () => {
    const unknown = resolveModel('test/nothing', 'main', 'q8')
    await expect(create().ensure(unknown)).rejects.toMatchObject({ name: 'ModelNotFoundError', message: expect.stringMatching(/test\/nothing.*Check MODEL_NAME/) })
    expect(hub.requests).toHaveLength(1)
  })

  it('gives the token to the hub, and to nobody else', async () => {
    hub.token = 'hf_secret'
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'ModelAccessError', message: expect.stringContaining('Set HF_TOKEN') })
    const elsewhere = await HubServer.start(TINY_ROBERTA, 'unused/unused')
    await create({ token: 'hf_secret' }).ensure(spec)
    expect(elsewhere.requests).toEqual([])
    expect(logger.lines.join()).not.toContain('hf_secret')
    await elsewhere.close()
  })

  it('fetches a file again that arrived damaged, and gives up on the second', async () => {
    hub.fail(WEIGHTS, { kind: 'damage', times: 1 })
    expect(await weightsOf(await create().ensure(spec))).toEqual(await original())
    await rm(directory, { recursive: true })
    hub.fail(WEIGHTS, { kind: 'damage' })
    await expect(create().ensure(spec)).rejects.toMatchObject({ name: 'DamagedModelError' })
    expect(await create().find(spec)).toBeUndefined()
  })

  it('mends a file that was damaged on disk', async () => {
    const model = await create().ensure(spec)
    const damaged = await original()
    damaged.fill(0, 100, 200)
    await writeFile(join(model.directory, WEIGHTS), damaged)
    expect(await create().verify(spec)).toContainEqual(expect.objectContaining({ file: WEIGHTS, status: 'damaged' }))
    hub.requests.length = 0
    await create().repair(spec)
    expect(await weightsOf(model)).toEqual(await original())
    expect(hub.requestsFor('config.json')).toEqual([])
  })

  it('brings each file once when several ask at the same time', async () => {
    await Promise.all([create().ensure(spec), create().ensure(spec), create().ensure(spec)])
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1)
  })

  it('takes files that were put there by hand, but not a git-lfs pointer', async () => {
    const byHand = join(directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    expect(await create().find(spec)).toMatchObject({ directory: byHand })
    await writeFile(join(byHand, WEIGHTS), 'version https://git-lfs.github.com/spec/v1\n')
    expect(await create().find(spec)).toBeUndefined()
  })

  it('stops a download when it is told to', async () => {
    hub.fail(WEIGHTS, { kind: 'stall' })
    const stop = new AbortController()
    const download = create().ensure(spec, stop.signal)
    const outcome = expect(download).rejects.toThrow('enough')
    await vi.waitFor(() => { expect(hub.bytesSent).toBeGreaterThan(30_000) })
    stop.abort(new Error('enough'))
    await outcome
  })
})

describe('resolveModel', () => {
  it('knows where the ONNX files of a model are', () => {
    expect(resolveModel('cardiffnlp/twitter-roberta-base-sentiment-latest', 'main', 'q8').repo).toBe('Xenova/twitter-roberta-base-sentiment-latest')
  })

  it.each(['../../etc/passwd', 'a/b/c', 'a b', '', '/etc', 'a/..'])('refuses %j as a model id', (name) => {
    expect(() => resolveModel(name, 'main', 'q8')).toThrow(RangeError)
  })
})
