import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { resolveModel } from '../../src/models/catalog.ts'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { HubServer } from '../support/hub-server.ts'
import { REPO, spec, useModelStore, WEIGHTS } from '../support/model-store.ts'

/** Swaps the ids of the first two entries of the vocabulary that have equally many digits. */
function swapTwoIds (content: Buffer): Buffer {
  const entries = [...content.toString().matchAll(/"([^"\\]+)": ?(1\d)(?=[,\n}])/g)]
  const [first, second] = [entries[0] as RegExpExecArray, entries[1] as RegExpExecArray]
  for (const [to, from] of [[first, second], [second, first]] as const) content.write(from[2] as string, to.index + to[0].length - 2)
  return content
}

describe('ModelStore', () => {
  const store = useModelStore()
  const readWeights = (model: { directory: string }) => readFile(join(model.directory, WEIGHTS))
  const original = () => readFile(join(TINY_ROBERTA, WEIGHTS))

  it('downloads a model completely, and makes no request the second time', async () => {
    const model = await store.create().ensure(spec)
    expect(await readWeights(model)).toEqual(await original())
    expect(await store.create().verify(spec)).toEqual(expect.arrayContaining([{ file: WEIGHTS, bytes: expect.any(Number), status: 'ok' }]))
    store.hub.requests.length = 0
    expect(await store.create().ensure(spec)).toEqual(model)
    expect(store.hub.requests).toEqual([])
    expect((await readdir(join(model.directory, 'onnx'))).filter((name) => name.includes('.part'))).toEqual([])
  })

  it('finds no model in an empty directory, and makes no request', async () => {
    expect(await store.create().find(spec)).toBeUndefined()
    expect(store.hub.requests).toEqual([])
  })

  it('resumes a download whose connection was closed halfway', async () => {
    store.hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    expect(await readWeights(await store.create().ensure(spec))).toEqual(await original())
    expect(store.hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('resumes the download of a process that gave up', async () => {
    store.hub.fail(WEIGHTS, { kind: 'cut', times: 1 })
    await expect(store.create({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } }).ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError' })
    expect(await readWeights(await store.create().ensure(spec))).toEqual(await original())
    expect(store.hub.requestsFor(WEIGHTS).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('waits for a slow hub and reconnects to one that stalls', async () => {
    store.hub.fail('tokenizer.json', { kind: 'slow', times: 1 })
    store.hub.fail(WEIGHTS, { kind: 'stall', times: 1 })
    expect(await readWeights(await store.create({ stallMs: 300 }).ensure(spec))).toEqual(await original())
  })

  it('retries after status 503', async () => {
    store.hub.fail('config.json', { kind: 'status', status: 503, times: 2 })
    await store.create().ensure(spec)
    expect(store.hub.requestsFor('config.json')).toHaveLength(3)
  })

  it('reports a hub that keeps failing', async () => {
    store.hub.fail('config.json', { kind: 'status', status: 503 })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringContaining('status 503') })
  })

  it('reports a hub that refuses connections', async () => {
    await store.hub.close()
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'HubUnreachableError', message: expect.stringMatching(/ECONNREFUSED.*MODEL_FALLBACK=compact/) })
    store.hub = await HubServer.start(TINY_ROBERTA, REPO)
  })

  it('reports a missing repository immediately, with its name and the remedy', async () => {
    const unknown = resolveModel('test/nothing', 'main', 'q8')
    await expect(store.create().ensure(unknown)).rejects.toMatchObject({ name: 'ModelNotFoundError', message: expect.stringMatching(/test\/nothing.*Check MODEL_NAME/) })
    expect(store.hub.requests).toHaveLength(1)
  })

  it('sends the token to the hub and to no other origin', async () => {
    store.hub.token = 'hf_secret'
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'ModelAccessError', message: expect.stringContaining('Set HF_TOKEN') })
    const elsewhere = await HubServer.start(TINY_ROBERTA, 'unused/unused')
    await store.create({ token: 'hf_secret' }).ensure(spec)
    expect(elsewhere.requests).toEqual([])
    expect(store.logger.lines.join()).not.toContain('hf_secret')
    await elsewhere.close()
  })

  it('downloads a file again that arrived damaged and gives up on the second failure', async () => {
    store.hub.fail(WEIGHTS, { kind: 'damage', times: 1 })
    expect(await readWeights(await store.create().ensure(spec))).toEqual(await original())
    await rm(store.directory, { recursive: true })
    store.hub.fail(WEIGHTS, { kind: 'damage' })
    await expect(store.create().ensure(spec)).rejects.toMatchObject({ name: 'DamagedModelError' })
    expect(await store.create().find(spec)).toBeUndefined()
  })

  it.each([
    ['weights', WEIGHTS, (content: Buffer) => content.fill(0, 100, 200)],
    ['a tokenizer with two ids swapped', 'tokenizer.json', swapTwoIds],
    ['a config with another label order', 'config.json', (content: Buffer) => Buffer.from(content.toString().replace(/"0"(.*)"1"/s, '"1"$1"0"'))]
  ])('detects %s of unchanged size, renames the file and downloads it again', async (_what, file, change) => {
    const model = await store.create().ensure(spec)
    const path = join(model.directory, file)
    const published = await readFile(path)
    const changed = change(Buffer.from(published))
    expect(changed.length).toBe(published.length)
    expect(changed.equals(published)).toBe(false)
    await writeFile(path, changed)
    expect(await store.create().verify(spec)).toContainEqual(expect.objectContaining({ file, status: 'damaged' }))
    expect(await store.create().find(spec)).toBeUndefined()
    store.hub.requests.length = 0
    expect(await store.create().ensure(spec)).toEqual(model)
    expect(await readFile(path)).toEqual(published)
    expect(await readFile(`${path}.damaged`)).toEqual(changed)
    for (const other of ['config.json', 'tokenizer.json', WEIGHTS].filter((name) => name !== file)) expect(store.hub.requestsFor(other)).toEqual([])
  })

  it('never renames a file whose hash is not recorded', async () => {
    const byHand = join(store.directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    await writeFile(join(byHand, WEIGHTS), 'these are no weights')
    expect(await store.create().ensure(spec)).toMatchObject({ directory: byHand })
    expect((await readdir(byHand, { recursive: true })).filter((name) => name.includes('damaged'))).toEqual([])
  })

  it('gives a model the same digest in any directory, and another one if any byte changes', async () => {
    const { digest } = await store.create().ensure(spec)
    const byHand = join(store.directory, 'copy', REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    const copies = store.create({ directory: join(store.directory, 'copy') })
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await copies.find(spec)).toMatchObject({ digest })
    await writeFile(join(byHand, 'config.json'), `${await readFile(join(byHand, 'config.json'), 'utf8')} `)
    expect((await copies.find(spec))?.digest).not.toBe(digest)
  })

  it('downloads each file once for concurrent callers', async () => {
    await Promise.all([store.create().ensure(spec), store.create().ensure(spec), store.create().ensure(spec)])
    expect(store.hub.requestsFor(WEIGHTS)).toHaveLength(1)
  })

  it('accepts files that were copied by hand, but not a git-lfs pointer', async () => {
    const byHand = join(store.directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    expect(await store.create().find(spec)).toMatchObject({ directory: byHand })
    await writeFile(join(byHand, WEIGHTS), 'version https://git-lfs.github.com/spec/v1\n')
    expect(await store.create().find(spec)).toBeUndefined()
    expect(store.logger.lines.join('')).toContain(`${WEIGHTS}: a git-lfs pointer, not the file`)
  })

  it('accepts JSON files that an editor saved with a byte order mark', async () => {
    const byHand = join(store.directory, REPO)
    await cp(TINY_ROBERTA, byHand, { recursive: true })
    for (const file of ['config.json', 'tokenizer.json']) await writeFile(join(byHand, file), `\ufeff${await readFile(join(byHand, file), 'utf8')}`)
    expect(await store.create().find(spec)).toMatchObject({ directory: byHand })
  })

  it('stops a download when its signal aborts', async () => {
    store.hub.fail(WEIGHTS, { kind: 'stall' })
    const stop = new AbortController()
    const download = store.create().ensure(spec, stop.signal)
    const outcome = expect(download).rejects.toThrow('enough')
    await vi.waitFor(() => { expect(store.hub.bytesSent).toBeGreaterThan(30_000) }, { timeout: 20_000 })
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
