import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { openStream, type StreamLine } from '../support/ndjson.ts'
import { Service } from '../support/service.ts'
import { createTemporaryDirectory, startTinyHub } from '../support/tiny-hub.ts'

const NAME = 'cardiffnlp/twitter-roberta-base-sentiment-latest'
const REPO = 'Xenova/twitter-roberta-base-sentiment-latest'
const WEIGHTS = 'onnx/model_quantized.onnx'
const NOWHERE = 'http://127.0.0.1:1'

describe('the embedded model', () => {
  it('classifies plain sentiments without a hub and is reported as the fallback', async () => {
    const service = await Service.start({ MODEL_FALLBACK: 'compact', HF_ENDPOINT: NOWHERE, MODEL_DIR: await createTemporaryDirectory() })
    await service.until('degraded', 'compact')
    const expected = {
      'I love this!': 'positive',
      'This is the worst service ever': 'negative',
      'The meeting is at 3pm': 'neutral',
      'not bad at all 😍': 'positive',
      '😡😡': 'negative'
    }
    for (const [text, label] of Object.entries(expected)) {
      expect((await service.predict(text)).body, text).toMatchObject({ label, model: 'compact' })
    }
    expect((await service.get('/health')).body.model).toMatchObject({ name: 'compact', requested: NAME, fallback: true })
    expect(service.lines.join('\n')).toContain(`${NAME} is not on this machine: compact answers until it is downloaded`)
  })
})

describe('a model from the hub', () => {
  it('downloads a model once, and makes no request to the hub at a second start', async () => {
    const hub = await startTinyHub(REPO)
    const env = { HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory() }
    const first = await Service.start(env)
    await first.until('ok', NAME)
    const answer = await first.predict('hello')
    first.signal('SIGTERM')
    expect(await first.exited()).toBe(0)
    hub.requests.length = 0
    const second = await Service.start(env)
    await second.until('ok', NAME)
    expect((await second.predict('hello')).body.scores).toEqual(answer.body.scores)
    expect(hub.requests).toEqual([])
  })

  it('replaces the fallback without failing a request', async () => {
    const hub = await startTinyHub(REPO)
    hub.fail(WEIGHTS, { kind: 'slow' })
    const service = await Service.start({ HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory(), MODEL_FALLBACK: 'compact' })
    await service.until('degraded', 'compact')
    const models: string[] = []
    for (let count = 0; models.at(-1) !== NAME; count++) {
      const { status, body } = await service.predict(`text ${count}`)
      expect(status).toBe(200)
      models.push(body.model)
    }
    expect(models[0]).toBe('compact')
    await service.until('ok', NAME)
  })

  it('replaces the fallback in the middle of a stream without losing a line', async () => {
    const hub = await startTinyHub(REPO)
    hub.fail(WEIGHTS, { kind: 'slow' })
    const service = await Service.start({ HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory(), MODEL_FALLBACK: 'compact' })
    await service.until('degraded', 'compact')
    const stream = openStream(service.port)
    let sent = 0
    const send = (): unknown => stream.request.write(`${JSON.stringify({ text: `text ${sent}`, id: sent++ })}\n`)
    for (let ahead = 0; ahead < 8; ahead++) send()
    const answers: StreamLine[] = []
    for await (const line of createInterface({ input: await stream.response })) {
      answers.push(JSON.parse(line) as StreamLine)
      if (answers.at(-1)?.model === NAME) stream.request.end()
      else send()
    }
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: sent }, (_, id) => id))
    // No line fails, and none is answered by the fallback after the switch.
    const change = answers.findIndex(({ model }) => model === NAME)
    expect(answers.map(({ model }) => model)).toEqual(answers.map((_answer, index) => index < change ? 'compact' : NAME))
    expect(change).toBeGreaterThan(0)
  })

  it('downloads a model once for two services that share the directory', async () => {
    const hub = await startTinyHub(REPO)
    const env = { HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory() }
    const services = await Promise.all([Service.start(env), Service.start(env)])
    await Promise.all(services.map((service) => service.until('ok', NAME)))
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1)
  })

  it('verifies a model at start, and downloads a damaged file again', async () => {
    const hub = await startTinyHub(REPO)
    const directory = await createTemporaryDirectory()
    const env = { HF_ENDPOINT: hub.url, MODEL_DIR: directory }
    const first = await Service.start(env)
    await first.until('ok')
    first.signal('SIGTERM')
    await first.exited()
    const path = join(directory, REPO, 'main', WEIGHTS)
    await writeFile(path, (await readFile(path)).fill(0xff, 0, 2000))
    const second = await Service.start(env)
    await second.until('ok', NAME)
    expect(second.lines.join('\n')).toContain('Damaged model file renamed')
  })

  it.each(['exp--2', 'v1+cpu', 'main-', 'refs/pr/24', 'a.b-.c'])('loads a model from a directory with spaces under revision %s', async (revision) => {
    const models = join(await createTemporaryDirectory(), 'my models + more')
    await cp(TINY_ROBERTA, join(models, 't/m', revision.replaceAll('/', '__')), { recursive: true })
    const service = await Service.start({ MODEL_NAME: 't/m', MODEL_REVISION: revision, MODEL_DIR: models, HF_ENDPOINT: NOWHERE })
    await service.until('ok', 't/m')
  })

  it.each([
    ['404', { kind: 'status', status: 404 }, 'not found on'],
    ['401', { kind: 'status', status: 401 }, 'Set HF_TOKEN']
  ] as const)('leaves the service down with one clear line if the hub answers with status %s', async (_status, fault, message) => {
    const hub = await startTinyHub(REPO)
    hub.fail('config.json', fault)
    const service = await Service.start({ HF_ENDPOINT: hub.url, MODEL_DIR: await createTemporaryDirectory() })
    await service.until('down')
    expect((await service.get('/health')).status).toBe(503)
    expect((await service.get('/health/live')).status).toBe(200)
    expect((await service.predict('hello'))).toMatchObject({ status: 503, body: { code: 'NOT_READY' } })
    const errors = service.lines.filter((line) => line.includes('"level":50'))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain(message)
    expect(errors[0]).toContain(REPO)
  })
})
