import { expect, it, onTestFinished, vi } from 'vitest'
import { TINY_ROBERTA } from '../fixtures/make-model.ts'
import { Service } from '../support/service.ts'
import { TraceCollector } from '../support/trace-collector.ts'

const TINY = { MODEL_NAME: 'compact', EMBEDDED_MODEL_DIR: TINY_ROBERTA }
const countLines = (service: Service): number => service.lines.filter((line) => line.includes('Trace collector unreachable')).length

it('logs a trace collector that rejects spans or hangs once, fails no request, and stops without delay', async () => {
  const collector = await TraceCollector.start()
  onTestFinished(() => collector.close())
  collector.status = 400
  const service = await Service.start({ ...TINY, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, SHUTDOWN_GRACE_MS: '5000' })
  await service.until('ok')
  const send = async (name: string): Promise<void> => {
    for (let count = 0; count < 150; count++) expect((await service.predict(`${name} ${count}`)).status).toBe(200)
  }
  await send('first')
  await vi.waitFor(() => { expect(countLines(service)).toBe(1) }, { timeout: 20_000 })
  await send('second')
  await vi.waitFor(() => { expect(collector.requests.length).toBeGreaterThan(1) }, { timeout: 20_000 })
  collector.answers = false
  expect((await service.predict('after')).status).toBe(200)
  service.signal('SIGTERM')
  expect(await service.exited()).toBe(0)
  expect(countLines(service)).toBe(1)
  expect(service.lines.filter((line) => /opentelemetry|UnhandledPromise/i.test(line))).toEqual([])
})
